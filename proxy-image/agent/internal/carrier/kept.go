package carrier

import "sync"

// chunkBytes is a power of two. An idle stream holds one chunk.
const chunkBytes = 64 << 10

type chunk [chunkBytes]byte

// chunks lends memory to all streams; the garbage collector gets what is not lent for a while.
var chunks = sync.Pool{New: func() any { return new(chunk) }}

// kept has the bytes of sshd from start to end that the client has not confirmed. Chunks are taken as bytes come and
// given back as they are confirmed. It is guarded by its stream's mutex, but for the bytes of the slices it hands out.
type kept struct {
	limit      uint64
	start, end uint64
	// ring has the chunk of position p at p/chunkBytes modulo its length.
	ring []*chunk
}

// newKept keeps at most limit bytes.
func newKept(limit int) kept {
	return kept{limit: uint64(limit), ring: make([]*chunk, limit/chunkBytes+2)}
}

func (k *kept) slot(position uint64) **chunk {
	return &k.ring[position/chunkBytes%uint64(len(k.ring))]
}

// space is where the next bytes may be put, then told by added; nil when the limit is reached.
func (k *kept) space() []byte {
	left := k.limit - (k.end - k.start)
	if left == 0 {
		return nil
	}
	slot := k.slot(k.end)
	if *slot == nil {
		*slot = chunks.Get().(*chunk)
	}
	from := k.end % chunkBytes
	to := from + left
	if to > chunkBytes {
		to = chunkBytes
	}
	return (*slot)[from:to]
}

func (k *kept) added(count int) { k.end += uint64(count) }

// from appends the slices from position on, most bytes in all, and tells how many bytes they have.
func (k *kept) from(position uint64, most int, to [][]byte) ([][]byte, int) {
	all := 0
	for all < most && position < k.end {
		offset := position % chunkBytes
		count := chunkBytes - offset
		if left := k.end - position; count > left {
			count = left
		}
		if left := uint64(most - all); count > left {
			count = left
		}
		to = append(to, (*k.slot(position))[offset:offset+count])
		position += count
		all += int(count)
	}
	return to, all
}

// forget gives back what is before position. The chunk at the end stays: the pump may be filling it.
func (k *kept) forget(position uint64) {
	for k.start/chunkBytes < position/chunkBytes {
		slot := k.slot(k.start)
		chunks.Put(*slot)
		*slot = nil
		k.start = (k.start/chunkBytes + 1) * chunkBytes
	}
	k.start = position
}
