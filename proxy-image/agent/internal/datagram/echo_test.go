package datagram

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

func TestEchoIsAnsweredByTheTarget(t *testing.T) {
	for _, loopback := range loopbacks {
		t.Run(loopback, func(t *testing.T) {
			probe, err := listenICMP(loopback == "::1")
			if err != nil {
				t.Skipf("net.ipv4.ping_group_range forbids ICMP sockets here: %v", err)
			}
			probe.Close()
			c := startClient(t, DefaultLimits())
			for _, size := range []int{0, 56, 1472, MaxEchoPayload} {
				payload := bytes.Repeat([]byte{byte(size)}, size)
				c.send(Echo, 9, append(address(loopback), payload...)...)
				c.expect(EchoReply, 9, payload...)
			}
		})
	}
}

func TestEchoesWithoutAnswerAreForgotten(t *testing.T) {
	out := newOutbox(1000)
	limits := DefaultLimits()
	limits.Echoes = 2
	e := newEchoes(limits, out)
	start := time.Unix(1000, 0)
	target := netip.MustParseAddr("10.42.0.7")
	first, _ := e.expect(echo{id: 1, target: target, sent: start})
	second, _ := e.expect(echo{id: 2, target: target, sent: start.Add(time.Second)})
	if _, ok := e.expect(echo{id: 3, target: target, sent: start}); ok {
		t.Error("more echoes wait than may")
	}
	e.forget(start.Add(limits.EchoWait))
	e.answer(first, target, []byte("late"))
	e.answer(second, netip.MustParseAddr("10.42.0.8"), []byte("another one answers"))
	e.answer(second, target, []byte("pong"))
	e.answer(second, target, []byte("twice"))
	expectQueued(t, out, AppendFrame(nil, EchoReply, 2, []byte("pong")))
}

func TestSequenceNumbersInUseAreSkipped(t *testing.T) {
	e := newEchoes(DefaultLimits(), newOutbox(1000))
	first, _ := e.expect(echo{id: 1})
	e.next = first - 1
	if second, ok := e.expect(echo{id: 2}); !ok || second != first+1 {
		t.Errorf("got %d after %d", second, first)
	}
}
