package carrier

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// Lengths of what is exchanged before frames, in bytes.
const (
	greetingBytes   = 40
	helloBytes      = 92
	answerHeadBytes = 12
	nonceBytes      = 32
	proofBytes      = sha256.Size
	helloProofAt    = helloBytes - proofBytes
)

const (
	magic           = "KTDC"
	protocolVersion = 1
	clientContext   = "ktd carrier client 1"
	serverContext   = "ktd carrier server 1"
)

type greeting [greetingBytes]byte

// newGreeting has a fresh nonce, so that a hello answers this greeting and no older one.
func newGreeting() (greeting, error) {
	var g greeting
	copy(g[:], magic)
	g[4] = protocolVersion
	_, err := rand.Read(g[greetingBytes-nonceBytes:])
	return g, err
}

type kind uint8

const (
	kindNew    kind = 1
	kindResume kind = 2
)

type streamID [16]byte

// String is the beginning of the id: enough to tell a session's streams apart in the log.
func (id streamID) String() string { return fmt.Sprintf("%x", id[:4]) }

type helloMessage [helloBytes]byte

func (h *helloMessage) kind() kind { return kind(h[1]) }

func (h *helloMessage) id() (id streamID) {
	copy(id[:], h[4:20])
	return id
}

func (h *helloMessage) received() uint64 { return binary.BigEndian.Uint64(h[20:28]) }

var errStranger = errors.New("not a hello of this session")

// check tells whether the hello is well-formed and comes from one who knows the secret.
func (h *helloMessage) check(secret Secret, g *greeting) error {
	proof := secret.sign(clientContext, g[:], h[:helloProofAt])
	if !hmac.Equal(proof[:], h[helloProofAt:]) {
		return errStranger
	}
	known := h.kind() == kindNew && h.received() == 0 || h.kind() == kindResume
	if h[0] != protocolVersion || !known || h[2] != 0 || h[3] != 0 {
		return errStranger
	}
	return nil
}

type status uint8

const (
	opened status = iota
	resumed
	unknown
	lost
	busy
)

func (s status) String() string {
	return [...]string{"OPENED", "RESUMED", "UNKNOWN", "LOST", "BUSY"}[s]
}

// answer is the whole message; info has at most 65535 bytes.
func answer(secret Secret, g *greeting, h *helloMessage, s status, received uint64, info []byte) []byte {
	message := make([]byte, answerHeadBytes, answerHeadBytes+proofBytes+len(info))
	message[0] = byte(s)
	binary.BigEndian.PutUint16(message[2:], uint16(len(info)))
	binary.BigEndian.PutUint64(message[4:], received)
	proof := secret.sign(serverContext, g[:], h[:], message, info)
	message = append(message, proof[:]...)
	return append(message, info...)
}
