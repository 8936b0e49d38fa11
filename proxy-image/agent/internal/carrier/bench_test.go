package carrier

import (
	"io"
	"testing"

	"ktd.dev/agent/internal/carriertest"
)

const benchmarkWrite = 64 << 10

// Down is sshd's bytes to a client that confirms each MiB; one operation is 64 KiB.
func BenchmarkDown(b *testing.B) {
	r := newRig(b, nil)
	wire, sshd := r.open(1)
	b.SetBytes(benchmarkWrite)
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		bytes := pattern(benchmarkWrite)
		for i := 0; i < b.N; i++ {
			sshd.Write(bytes)
		}
	}()
	received, acked := 0, 0
	buffer := make([]byte, 1<<18)
	for received < b.N*benchmarkWrite {
		// Heads count as data here: a little too much is confirmed late, nothing too early.
		count, err := wire.Conn.Read(buffer)
		if err != nil {
			b.Fatal(err)
		}
		received += count
		if received-acked > 1<<20 {
			acked = received
			wire.Send(carriertest.Ack, carriertest.Numbers(uint64(received-received/1000-1<<10)))
		}
	}
}

// Up is a client's bytes to sshd; one operation is a frame of 64 KiB.
func BenchmarkUp(b *testing.B) {
	r := newRig(b, nil)
	wire, sshd := r.open(1)
	go io.Copy(io.Discard, wire.Conn)
	b.SetBytes(benchmarkWrite)
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		frame := carriertest.Frame(carriertest.Data, pattern(benchmarkWrite))
		for i := 0; i < b.N; i++ {
			wire.Write(frame)
		}
	}()
	if _, err := io.CopyN(io.Discard, sshd, int64(b.N)*benchmarkWrite); err != nil {
		b.Fatal(err)
	}
}
