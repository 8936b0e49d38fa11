package carrier

import (
	"bytes"
	"testing"
)

// lent counts the chunks that are taken.
func (k *kept) lent() (count int) {
	for _, each := range k.ring {
		if each != nil {
			count++
		}
	}
	return count
}

func fill(t *testing.T, k *kept, bytes []byte) {
	t.Helper()
	for len(bytes) > 0 {
		space := k.space()
		if space == nil {
			t.Fatalf("full, with %d bytes left", len(bytes))
		}
		count := copy(space, bytes)
		k.added(count)
		bytes = bytes[count:]
	}
}

func TestWhatIsKeptComesBackFromAnyPosition(t *testing.T) {
	all := pattern(1 << 20)
	k := newKept(300_000)
	for at := 0; at < len(all); at += 10_000 {
		fill(t, &k, all[at:min(at+10_000, len(all))])
		if k.end-k.start > 250_000 {
			k.forget(k.end - 120_001)
		}
		for _, from := range []uint64{k.start, (k.start + k.end) / 2, k.end} {
			slices, count := k.from(from, maxData, nil)
			want := all[from:min(int(from)+maxData, int(k.end))]
			if got := bytes.Join(slices, nil); !bytes.Equal(got, want) || count != len(want) {
				t.Fatalf("%d bytes instead of %d from %d", count, len(want), from)
			}
		}
		if most := int((k.end-k.start)/chunkBytes) + 2; k.lent() > most {
			t.Fatalf("%d chunks for %d bytes", k.lent(), k.end-k.start)
		}
	}
	k.forget(k.end)
	if k.lent() > 1 {
		t.Errorf("%d chunks for nothing", k.lent())
	}
}

func TestTheLimitIsExactAtAnyPosition(t *testing.T) {
	for _, limit := range []int{1, chunkBytes - 1, chunkBytes, 3*chunkBytes + 5} {
		k := newKept(limit)
		for _, step := range []int{1, chunkBytes - 1, chunkBytes, 12345} {
			for space := k.space(); space != nil; space = k.space() {
				k.added(len(space))
			}
			if k.end-k.start != uint64(limit) {
				t.Fatalf("%d bytes are kept, not %d", k.end-k.start, limit)
			}
			k.forget(k.start + uint64(min(step, limit)))
		}
	}
}
