// Package carriertest is a client of docs/carrier-protocol.md for tests: nothing of it is in the agent. It shares no
// code with the agent's end, so that both would have to misread the specification alike.
package carriertest

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Kinds of a hello, statuses of an answer and types of frames, by the specification's numbers.
const (
	New, Resume                               = 1, 2
	Opened, Resumed, Unknown, Lost, Busy      = 0, 1, 2, 3, 4
	Data, Ack, Ping, Pong, Close         byte = 0, 1, 2, 3, 4
)

// patience is how long any expected message may take.
const patience = 10 * time.Second

// ErrProof is for an answer of one who does not know the secret.
var ErrProof = errors.New("the answer's proof is wrong")

// Wire is one plain carrier.
type Wire struct {
	net.Conn
	Greeting []byte
	hello    []byte
	in       *bufio.Reader
}

// Answer is the agent's.
type Answer struct {
	Status   int
	Received uint64
	Info     string
}

// Greeted reads the greeting of a plain carrier that was just opened.
func Greeted(connection net.Conn) (*Wire, error) {
	w := &Wire{Conn: connection, Greeting: make([]byte, 40), in: bufio.NewReaderSize(connection, 1<<17)}
	connection.SetReadDeadline(time.Now().Add(patience))
	if _, err := io.ReadFull(w.in, w.Greeting); err != nil {
		return nil, fmt.Errorf("no greeting: %w", err)
	}
	if !bytes.Equal(w.Greeting[:8], []byte("KTDC\x01\x00\x00\x00")) {
		return nil, fmt.Errorf("greeted by %x", w.Greeting)
	}
	return w, nil
}

// Hello makes one that answers this greeting.
func (w *Wire) Hello(secret []byte, kind byte, id [16]byte, received uint64) []byte {
	hello := append([]byte{1, kind, 0, 0}, id[:]...)
	hello = binary.BigEndian.AppendUint64(hello, received)
	nonce := make([]byte, 32)
	rand.Read(nonce)
	return w.Sign(secret, append(hello, nonce...))
}

// Sign appends the proof to the first 60 bytes of a hello.
func (w *Wire) Sign(secret, hello []byte) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("ktd carrier client 1"))
	mac.Write(w.Greeting)
	mac.Write(hello[:60])
	return mac.Sum(hello[:60:60])
}

// Meet sends a hello and reads the answer.
func (w *Wire) Meet(secret []byte, kind byte, id [16]byte, received uint64) (Answer, error) {
	if err := w.SendHello(w.Hello(secret, kind, id, received)); err != nil {
		return Answer{}, err
	}
	return w.Answer(secret)
}

// SendHello sends it as it is.
func (w *Wire) SendHello(hello []byte) error {
	w.hello = hello
	_, err := w.Write(hello)
	return err
}

// Answer reads it and checks its proof.
func (w *Wire) Answer(secret []byte) (Answer, error) {
	w.SetReadDeadline(time.Now().Add(patience))
	head := make([]byte, 44)
	if _, err := io.ReadFull(w.in, head); err != nil {
		return Answer{}, err
	}
	info := make([]byte, binary.BigEndian.Uint16(head[2:]))
	if _, err := io.ReadFull(w.in, info); err != nil {
		return Answer{}, err
	}
	mac := hmac.New(sha256.New, secret)
	for _, part := range [][]byte{[]byte("ktd carrier server 1"), w.Greeting, w.hello, head[:12], info} {
		mac.Write(part)
	}
	if !hmac.Equal(mac.Sum(nil), head[12:]) {
		return Answer{}, ErrProof
	}
	w.SetReadDeadline(time.Time{})
	return Answer{int(head[0]), binary.BigEndian.Uint64(head[4:]), string(info)}, nil
}

// Frame makes one.
func Frame(kind byte, body []byte) []byte {
	head := []byte{kind, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}
	return append(head, body...)
}

// Numbers is a body of integers of 64 bits.
func Numbers(values ...uint64) []byte {
	body := []byte{}
	for _, value := range values {
		body = binary.BigEndian.AppendUint64(body, value)
	}
	return body
}

// Send sends a frame.
func (w *Wire) Send(kind byte, body []byte) error {
	_, err := w.Write(Frame(kind, body))
	return err
}

// Next reads a frame, and checks what the specification says of all.
func (w *Wire) Next() (kind byte, body []byte, err error) {
	var head [4]byte
	if _, err := io.ReadFull(w.in, head[:]); err != nil {
		return 0, nil, err
	}
	length := int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	kind = head[0]
	fits := kind == Data && length >= 1 && length <= 131072 || kind == Ack && length == 8 ||
		kind == Pong && length == 16 || kind == Close && length >= 1 && length <= 513
	if !fits {
		return 0, nil, fmt.Errorf("frame of type %d with %d bytes", kind, length)
	}
	body = make([]byte, length)
	_, err = io.ReadFull(w.in, body)
	return kind, body, err
}
