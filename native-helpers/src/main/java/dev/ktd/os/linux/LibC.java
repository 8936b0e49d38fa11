package dev.ktd.os.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;

/**
 * The few system calls that the JDK lacks. {@code open} and {@code ioctl} are variadic in C, and
 * must be here: on some machines such arguments travel elsewhere. For set-up and for what is rare;
 * this mapping is slow.
 */
interface LibC extends Library {
  int EPERM = 1;
  int ENOENT = 2;
  int EINTR = 4;
  int ENXIO = 6;
  int EAGAIN = 11;
  int EACCES = 13;
  int EBUSY = 16;
  int EEXIST = 17;
  int ENODEV = 19;
  int EINVAL = 22;
  int ENOBUFS = 105;

  int O_RDWR = 2;
  int O_NONBLOCK = 0x800;
  int O_CLOEXEC = 0x80000;

  static LibC load() {
    return Native.load(Platform.C_LIBRARY_NAME, LibC.class);
  }

  int open(String path, int flags, Object... mode) throws LastErrorException;

  int ioctl(int descriptor, NativeLong request, Object... argument) throws LastErrorException;

  int close(int descriptor) throws LastErrorException;

  int socket(int family, int type, int protocol) throws LastErrorException;

  int bind(int socket, Pointer address, int length) throws LastErrorException;

  NativeLong recv(int socket, Pointer buffer, NativeLong length, int flags)
      throws LastErrorException;

  int poll(Pointer descriptors, NativeLong count, int millis) throws LastErrorException;

  int eventfd(int initial, int flags) throws LastErrorException;

  int eventfd_write(int descriptor, long value) throws LastErrorException;

  int clock_gettime(int clock, Pointer time) throws LastErrorException;

  /** 0 when there is none: without LastErrorException, as that is no failure. */
  int if_nametoindex(String name);
}
