package datagram

import (
	"io"
	"sync"
)

// controlReserve is the room beyond the limit that only ERROR, CLOSE and HELLO may use, in bytes.
const controlReserve = 64 << 10

// outbox holds frames on their way to the client. It is bounded: a client that reads slowly loses datagrams, as UDP
// may, and the pod's memory does not grow. Safe for several goroutines.
type outbox struct {
	limit int

	mu      sync.Mutex
	ready   sync.Cond
	pending []byte
	closed  bool
}

func newOutbox(limit int) *outbox {
	o := &outbox{limit: limit}
	o.ready.L = &o.mu
	return o
}

// data queues a frame that may be lost, and tells whether it was kept.
func (o *outbox) data(kind Type, id uint32, body []byte) bool {
	return o.add(o.limit, kind, id, body)
}

// control queues a short frame. Even these are dropped once the reserve is full; the protocol allows for it.
func (o *outbox) control(kind Type, id uint32, body ...byte) bool {
	return o.add(o.limit+controlReserve, kind, id, body)
}

func (o *outbox) add(limit int, kind Type, id uint32, body []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || len(o.pending)+lengthBytes+headBytes+len(body) > limit {
		return false
	}
	o.pending = AppendFrame(o.pending, kind, id, body)
	o.ready.Signal()
	return true
}

// close ends write after what is queued.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.ready.Signal()
}

// write sends queued frames, many at once where they come fast, until close or an error. One goroutine calls it.
func (o *outbox) write(out io.Writer) error {
	var batch []byte
	for {
		o.mu.Lock()
		for len(o.pending) == 0 && !o.closed {
			o.ready.Wait()
		}
		batch, o.pending = o.pending, batch[:0]
		o.mu.Unlock()
		if len(batch) == 0 {
			return nil
		}
		if _, err := out.Write(batch); err != nil {
			return err
		}
	}
}
