package dev.ktd.ssh;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Fails a test class after which Netty's detector reports buffers that nobody released. */
public final class LeakWatch extends Handler implements BeforeAllCallback, AfterAllCallback {
  private final List<String> leaks = new CopyOnWriteArrayList<>();
  private final Logger logger = Logger.getLogger(ResourceLeakDetector.class.getName());

  @Override
  public void beforeAll(ExtensionContext context) {
    logger.addHandler(this);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    // The detector reports when it next tracks an allocation after the collection.
    for (int i = 0; i < 5; i++) {
      System.gc();
      for (int j = 0; j < 200; j++) {
        ByteBufAllocator.DEFAULT.heapBuffer(64).release();
        ByteBufAllocator.DEFAULT.directBuffer(64).release();
      }
    }
    logger.removeHandler(this);
    assertThat(leaks).isEmpty();
  }

  @Override
  public void publish(LogRecord entry) {
    String text = String.valueOf(entry.getMessage());
    if (text.contains("LEAK")) {
      leaks.add(text + String.valueOf((Object) entry.getParameters()));
    }
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
