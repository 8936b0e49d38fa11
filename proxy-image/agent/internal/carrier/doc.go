// Package carrier is the agent's end of docs/carrier-protocol.md: byte streams to sshd that outlive what carries them.
//
// Read Server first: it greets plain carriers, checks who they are, and knows the streams. A stream belongs to one
// sshd and has at most one plain carrier at a time. Goroutines:
//
//   - a stream's pump takes sshd's bytes into kept, and sends them itself: no hand-over on the way down;
//   - a plain carrier's reader writes payloads from its buffer to sshd: no hand-over and no copy on the way up;
//   - a plain carrier's writer sends what the reader owes (ACK, PONG, CLOSE), since a reader must never wait for a
//     client that does not read. It sleeps but for that.
//
// All state of a stream and of its plain carrier is guarded by stream.mu. Nobody holds it during I/O.
package carrier
