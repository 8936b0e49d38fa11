package dev.ktd.stack;

import dev.ktd.os.TunDevice;
import dev.ktd.packet.Wire;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.unix.Buffer;
import io.netty.channel.unix.FileDescriptor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/**
 * The kernel as the server, behind a TUN device without offload whose other end is here. The kernel
 * answers a frame while it is written (it is a call into its receive path), so what is there to be
 * read afterwards is all. From one thread in the device's namespace.
 */
final class KernelServer implements DifferentialServer, AutoCloseable {
  private static final int MOST = 2048;

  private final FileDescriptor device;
  private final ByteBuffer in = ByteBuffer.allocateDirect(MOST);
  private final ByteBuffer out = ByteBuffer.allocateDirect(MOST);
  private final ServerSocketChannel listener;
  private final List<String> told = new ArrayList<>();
  private @Nullable SocketChannel connection;
  private boolean reading = true;
  private boolean ended;
  private long read;
  private long written;

  KernelServer(TunDevice tun) throws IOException {
    Epoll.ensureAvailability(); // Loads the calls of FileDescriptor.
    device = new FileDescriptor(tun.descriptor());
    listener = ServerSocketChannel.open();
    listener.bind(new InetSocketAddress("10.43.7.9", 80));
    listener.configureBlocking(false);
  }

  private List<ByteBuffer> answers() throws IOException {
    List<ByteBuffer> answers = new ArrayList<>();
    owner();
    acknowledgeNow();
    for (ByteBuffer frame = frame(); frame != null; frame = frame()) {
      answers.add(frame);
    }
    return answers;
  }

  private @Nullable ByteBuffer frame() throws IOException {
    int length = device.readAddress(Buffer.memoryAddress(in), 0, MOST);
    if (length <= 0) {
      return null;
    }
    ByteBuffer bare = ByteBuffer.allocate(length - Wire.VNET_HEADER);
    return bare.put(0, in, Wire.VNET_HEADER, bare.capacity());
  }

  /** What the owner of a flow does whenever something may have happened. */
  private void owner() throws IOException {
    if (connection == null || ended) {
      SocketChannel accepted = listener.accept();
      if (accepted != null) {
        connection = accepted;
        ended = false;
        read = 0;
        written = 0;
        accepted.configureBlocking(false);
        accepted.setOption(StandardSocketOptions.TCP_NODELAY, true);
      }
    }
    while (connection != null && reading && !ended) {
      ByteBuffer data = ByteBuffer.allocate(1 << 16);
      try {
        int length = connection.read(data);
        if (length == 0) {
          return;
        }
        ended = length < 0;
        told.add(ended ? "end" : StackServer.check(data.flip(), read));
        read += length;
      } catch (IOException e) {
        ended = true;
        told.add("reset");
      }
    }
  }

  /** Sets the socket to quick ACKs, and sends one that was delayed (tcp(7)). */
  private void acknowledgeNow() throws IOException {
    if (connection != null && connection.isOpen()) {
      connection.setOption(ExtendedSocketOptions.TCP_QUICKACK, true);
    }
  }

  private SocketChannel connection() {
    if (connection == null) {
      throw new AssertionError("there is no connection yet");
    }
    return connection;
  }

  @Override
  public List<ByteBuffer> segment(ByteBuffer frame) throws IOException {
    out.clear().putLong(0).putShort((short) 0).put(frame.duplicate()).flip();
    device.writeAddress(Buffer.memoryAddress(out), 0, out.limit());
    return answers();
  }

  @Override
  public List<ByteBuffer> write(int bytes) throws IOException {
    if (connection().write(StackServer.pattern(written + 1, bytes)) != bytes) {
      throw new AssertionError("not all was written");
    }
    written += bytes;
    return answers();
  }

  @Override
  public List<ByteBuffer> shutdown() throws IOException {
    connection().shutdownOutput();
    return answers();
  }

  @Override
  public List<ByteBuffer> abort() throws IOException {
    connection().setOption(StandardSocketOptions.SO_LINGER, 0);
    connection().close();
    connection = null;
    return answers();
  }

  @Override
  public List<ByteBuffer> reading(boolean now) throws IOException {
    reading = now;
    return answers();
  }

  @Override
  public List<String> told() {
    List<String> events = List.copyOf(told);
    told.clear();
    return events;
  }

  @Override
  public void forget() throws IOException {
    if (connection != null) {
      abort();
    }
    ended = false;
    reading = true;
    answers();
    told();
    if (connection != null) {
      throw new AssertionError("a connection nobody asked for");
    }
  }

  @Override
  public void close() throws IOException {
    forget();
    listener.close();
  }
}
