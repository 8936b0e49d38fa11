package heartbeat

import (
	"fmt"
	"io"
	"net"
)

// Pump is the subsystem: it connects stdin and stdout to the agent's Unix socket and ends with either side.
func Pump(socket string, in io.Reader, out io.Writer) error {
	connection, err := net.Dial("unix", socket)
	if err != nil {
		return fmt.Errorf("no main process answers: %w", err)
	}
	defer connection.Close()
	done := make(chan error, 2)
	go func() { _, err := io.Copy(connection, in); done <- err }()
	go func() { _, err := io.Copy(out, connection); done <- err }()
	return <-done
}
