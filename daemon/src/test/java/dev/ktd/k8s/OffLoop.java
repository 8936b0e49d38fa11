package dev.ktd.k8s;

import io.fabric8.mockwebserver.http.Response;
import io.fabric8.mockwebserver.http.WebSocket;
import io.fabric8.mockwebserver.http.WebSocketListener;
import java.util.function.Consumer;

/**
 * A watch of the mock server whose end is told on another thread than the server's only event loop.
 * At the end, the listener of fabric8 8.0.0 waits up to a minute for its own executor; a task of
 * that may be waiting for the event loop to write an event, so that each would wait for the other
 * and the server answer nobody meanwhile.
 */
final class OffLoop extends WebSocketListener {
  private final WebSocketListener listener;

  OffLoop(WebSocketListener listener) {
    this.listener = listener;
  }

  @Override
  public void onBeforeAccept(WebSocket socket, Response response) {
    listener.onBeforeAccept(socket, response);
  }

  @Override
  public void onOpen(WebSocket socket, Response response) {
    listener.onOpen(socket, response);
  }

  @Override
  public void onMessage(WebSocket socket, String text) {
    listener.onMessage(socket, text);
  }

  @Override
  public void onMessage(WebSocket socket, byte[] bytes) {
    listener.onMessage(socket, bytes);
  }

  @Override
  public void onPing(WebSocket socket, byte[] bytes) {
    listener.onPing(socket, bytes);
  }

  @Override
  public void onClosing(WebSocket socket, int code, String reason) {
    listener.onClosing(socket, code, reason); // only queues
  }

  @Override
  public void onClosed(WebSocket socket, int code, String reason) {
    elsewhere(told -> told.onClosed(socket, code, reason));
  }

  @Override
  public void onFailure(WebSocket socket, Throwable failure, Response response) {
    elsewhere(told -> told.onFailure(socket, failure, response));
  }

  private void elsewhere(Consumer<WebSocketListener> event) {
    Thread.ofPlatform().daemon().start(() -> event.accept(listener));
  }
}
