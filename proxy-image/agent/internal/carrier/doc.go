// Package carrier is the agent's end of docs/carrier-protocol.md: a byte stream to sshd that outlives what carries it.
package carrier
