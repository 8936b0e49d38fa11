package dev.ktd.os.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Platform;

/**
 * The few system calls that the JDK lacks. {@code open} and {@code ioctl} are variadic in C, and
 * must be here: on some machines such arguments travel elsewhere. Set-up only; this mapping is
 * slow.
 */
interface LibC extends Library {
  int EPERM = 1;
  int ENOENT = 2;
  int ENXIO = 6;
  int EACCES = 13;
  int EBUSY = 16;
  int EEXIST = 17;
  int ENODEV = 19;
  int EINVAL = 22;

  int O_RDWR = 2;
  int O_NONBLOCK = 0x800;
  int O_CLOEXEC = 0x80000;

  static LibC load() {
    return Native.load(Platform.C_LIBRARY_NAME, LibC.class);
  }

  int open(String path, int flags, Object... mode) throws LastErrorException;

  int ioctl(int descriptor, NativeLong request, Object... argument) throws LastErrorException;

  int close(int descriptor) throws LastErrorException;
}
