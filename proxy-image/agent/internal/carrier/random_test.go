package carrier

import (
	"bytes"
	"io"
	"math/rand"
	"net"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"ktd.dev/agent/internal/carriertest"
)

// seed is printed; KTD_SEED=N replays it, as far as the order of goroutines allows.
func seed(t *testing.T) *rand.Rand {
	value := time.Now().UnixNano()
	if text := os.Getenv("KTD_SEED"); text != "" {
		value, _ = strconv.ParseInt(text, 10, 64)
	}
	t.Logf("KTD_SEED=%d", value)
	return rand.New(rand.NewSource(value))
}

func TestCutsAtRandomMomentsLoseNoByte(t *testing.T) {
	const size, streams = 4 << 20, 3
	random := seed(t)
	r := newRig(t, func(s *Server) { s.Limits.Kept = 256 << 10 })
	var all sync.WaitGroup
	for i := 0; i < streams; i++ {
		payload := make([]byte, size)
		random.Read(payload)
		cuts := rand.New(rand.NewSource(random.Int63()))
		all.Add(1)
		go func() {
			defer all.Done()
			echoed(t, r, payload, cuts)
		}()
	}
	echo := make(chan struct{})
	go func() {
		defer close(echo)
		for i := 0; i < streams; i++ {
			sshd := <-r.sshds
			go func() {
				io.Copy(struct{ io.Writer }{sshd}, sshd)
				sshd.Close()
			}()
		}
	}()
	all.Wait()
	<-echo
}

// echoed sends the payload and wants it back, while relay cuts the carrier in every way at random moments.
func echoed(t *testing.T, r *rig, payload []byte, random *rand.Rand) {
	var mu sync.Mutex
	dial := func() (net.Conn, error) {
		connection, err := r.dial()
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		return &shortLived{Conn: connection, left: 500 + random.Intn(300_000), reset: random.Intn(2) == 0}, nil
	}
	stream, err := carriertest.Open(dial, r.secret)
	if err != nil {
		t.Error(err)
		return
	}
	go stream.Write(payload)
	got := &bytes.Buffer{}
	err = stream.Run(writerFunc(func(bytes []byte) (int, error) {
		got.Write(bytes)
		if got.Len() >= len(payload) {
			stream.Leave()
		}
		return len(bytes), nil
	}))
	if err != nil || !bytes.Equal(got.Bytes(), payload) {
		t.Errorf("%d bytes of %d came back after %d cuts, equal so far: %v, error: %v", got.Len(), len(payload),
			stream.Resumes(), bytes.HasPrefix(payload, got.Bytes()), err)
	}
	t.Logf("%d cuts", stream.Resumes())
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(bytes []byte) (int, error) { return f(bytes) }

// shortLived is cut after so many bytes both ways together, in the middle of a frame, mostly.
type shortLived struct {
	net.Conn
	reset bool

	mu   sync.Mutex
	left int
}

// take gives how many of count bytes may still pass.
func (s *shortLived) take(count int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if count > s.left {
		count = s.left
	}
	s.left -= count
	return count
}

func (s *shortLived) cut() error {
	if s.reset {
		s.Conn.(*net.TCPConn).SetLinger(0)
	}
	s.Conn.Close()
	return net.ErrClosed
}

func (s *shortLived) Read(bytes []byte) (int, error) {
	count, err := s.Conn.Read(bytes)
	allowed := s.take(count)
	if allowed < count {
		err = s.cut()
	}
	return allowed, err
}

func (s *shortLived) Write(bytes []byte) (int, error) {
	allowed := s.take(len(bytes))
	count, err := s.Conn.Write(bytes[:allowed])
	if err == nil && allowed < len(bytes) {
		err = s.cut()
	}
	return count, err
}
