package dev.ktd.stack;

/**
 * The states of RFC 9293, section 3.3.2, as a stack that never connects by itself sees them.
 *
 * <pre>
 *   SYN ->  LISTEN  -- accept() --> SYN_RECEIVED -- ACK --> ESTABLISHED
 *             | refuse()                                    |         |
 *             v                                    FIN sent |         | FIN received
 *           CLOSED                                          v         v
 *                                       +------- FIN_WAIT_1         CLOSE_WAIT
 *                          FIN received |             | ACK            | FIN sent
 *                                       v             v                v
 *                                    CLOSING      FIN_WAIT_2        LAST_ACK
 *                                       | ACK         | FIN            | ACK
 *                                       +--> TIME_WAIT <+              v
 *                                               | 2 MSL ----------> CLOSED
 * </pre>
 *
 * SYN-SENT is the one missing: it cannot be reached, and the SYN-ACK or SYN of a simultaneous open
 * meets no flow and is answered with RST.
 */
enum TcpState {
  /** A SYN was seen and nobody has answered it yet: the pending open of an honest connect. */
  LISTEN,
  SYN_RECEIVED,
  ESTABLISHED,
  FIN_WAIT_1,
  FIN_WAIT_2,
  CLOSE_WAIT,
  CLOSING,
  LAST_ACK,
  TIME_WAIT,
  CLOSED;

  /** Whether the program may still send bytes that count. */
  boolean receives() {
    return this == ESTABLISHED || this == FIN_WAIT_1 || this == FIN_WAIT_2;
  }

  /** Whether the handshake is behind and data or a FIN of ours may still be on its way. */
  boolean sends() {
    return this == ESTABLISHED
        || this == FIN_WAIT_1
        || this == CLOSE_WAIT
        || this == CLOSING
        || this == LAST_ACK;
  }
}
