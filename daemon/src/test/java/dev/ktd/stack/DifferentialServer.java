package dev.ktd.stack;

import java.nio.ByteBuffer;
import java.util.List;

/**
 * A TCP server at 10.43.7.9:80 and its owner, who accepts at once. What it does, it does before the
 * call returns: nothing waits for a delayed ACK.
 */
interface DifferentialServer {
  /** Takes a frame from the peer and gives what comes out: frames, without a virtio header. */
  List<ByteBuffer> segment(ByteBuffer frame) throws Exception;

  /** The owner writes bytes, by the pattern of {@link RecordedEvents}. */
  List<ByteBuffer> write(int bytes) throws Exception;

  /** The owner ends its direction. */
  List<ByteBuffer> shutdown() throws Exception;

  /** The owner resets. */
  List<ByteBuffer> abort() throws Exception;

  /** Whether the owner reads what comes; it does at first. */
  List<ByteBuffer> reading(boolean now) throws Exception;

  /** What the owner was told since the last call: accepted, read N, end, reset. */
  List<String> told() throws Exception;

  /** Forgets the connection; the next one comes from another port. */
  void forget() throws Exception;
}
