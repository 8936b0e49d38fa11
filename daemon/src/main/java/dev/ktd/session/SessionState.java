package dev.ktd.session;

/**
 * Where a session is. Only {@link Sessions} and {@link Session} change it.
 *
 * <pre>
 *   IDLE ---> CONNECTING ---> CONNECTED <---> RECONNECTING
 *     ^            |              |                |
 *     |            v              v                |
 *     +-------- CLOSING <---------+----------------+
 * </pre>
 */
enum SessionState {
  IDLE,
  CONNECTING,
  CONNECTED,
  RECONNECTING,
  CLOSING
}
