import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassFileVersion;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassTransform;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;

/**
 * Copies a jar, with class files older than Java 6 (version 50) made anew as version 52: with stack maps, which the AOT
 * cache wants. The code in them stays what it is.
 *
 * <p>usage: {@code java ModernClasses.java IN.jar OUT.jar}
 */
class ModernClasses {
  public static void main(String[] arguments) throws IOException {
    Path in = Path.of(arguments[0]);
    try (URLClassLoader loader = new URLClassLoader(new URL[] {in.toUri().toURL()});
        JarFile jar = new JarFile(in.toFile());
        OutputStream file = Files.newOutputStream(Path.of(arguments[1]));
        JarOutputStream out = new JarOutputStream(file)) {
      ClassFile tool =
          ClassFile.of(
              ClassFile.StackMapsOption.GENERATE_STACK_MAPS,
              ClassFile.ConstantPoolSharingOption.NEW_POOL,
              ClassFile.ClassHierarchyResolverOption.of(
                  ClassHierarchyResolver.ofResourceParsing(loader)));
      for (JarEntry entry : jar.stream().toList()) {
        byte[] bytes = jar.getInputStream(entry).readAllBytes();
        JarEntry copy = new JarEntry(entry.getName());
        copy.setTime(entry.getTime());
        out.putNextEntry(copy);
        out.write(entry.getName().endsWith(".class") && version(bytes) < 50 ? modern(tool, bytes) : bytes);
        out.closeEntry();
      }
    }
  }

  private static int version(byte[] bytes) throws IOException {
    DataInputStream data = new DataInputStream(new ByteArrayInputStream(bytes));
    data.skipNBytes(6);
    return data.readUnsignedShort();
  }

  private static byte[] modern(ClassFile tool, byte[] bytes) {
    ClassTransform version =
        (builder, element) -> {
          if (element instanceof ClassFileVersion) {
            builder.withVersion(52, 0);
          } else {
            builder.with(element);
          }
        };
    // Each instruction through our hands: code that is only passed on is copied as it is, without stack maps.
    return tool.transformClass(
        tool.parse(bytes), version.andThen(ClassTransform.transformingMethodBodies((code, element) -> code.with(element))));
  }
}
