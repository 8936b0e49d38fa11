package heartbeat

import (
	"net"
	"time"
)

// Beat is the byte that the client sends and gets back.
const Beat = '.'

const (
	// maxConnections bounds the subsystems open at once; ktd holds one for each of its carriers, four at most.
	maxConnections = 16
	// writeTimeout ends the connection of a client that does not read its echoes.
	writeTimeout = 10 * time.Second
)

// Server answers on the agent's Unix socket.
type Server struct {
	Watch *Watch
	// Hello gives the first line; asked for each connection, as resolv.conf may change.
	Hello func() Hello
	Now   func() time.Time
}

// Serve accepts connections until the listener is closed.
func (s *Server) Serve(listener net.Listener) {
	slots := make(chan struct{}, maxConnections)
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		select {
		case slots <- struct{}{}:
			go func() {
				defer func() { <-slots }()
				s.answer(connection)
			}()
		default:
			connection.Close()
		}
	}
}

// answer ends at the first byte that is no heartbeat, or when the connection does.
func (s *Server) answer(connection net.Conn) {
	defer connection.Close()
	if !send(connection, s.Hello().Line()) {
		return
	}
	buffer := make([]byte, 64)
	for {
		count, err := connection.Read(buffer)
		if err != nil {
			return
		}
		for _, beat := range buffer[:count] {
			if beat != Beat {
				return
			}
		}
		s.Watch.Beat(s.Now())
		if !send(connection, buffer[:count]) {
			return
		}
	}
}

func send(connection net.Conn, bytes []byte) bool {
	if err := connection.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return false
	}
	_, err := connection.Write(bytes)
	return err == nil
}
