package carrier

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
)

// Secret is what the daemon and the agent of one session know, and nobody else. It does not print itself.
type Secret struct{ key [32]byte }

// ReadSecret reads the base64 of 32 bytes, with or without a line feed at its end.
func ReadSecret(path string) (Secret, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Secret{}, err
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	// The decoder's own message would show where in the secret it stopped.
	if err != nil || len(key) != sha256.Size {
		return Secret{}, fmt.Errorf("%s: the base64 of %d bytes is wanted", path, sha256.Size)
	}
	var secret Secret
	copy(secret.key[:], key)
	return secret, nil
}

// String keeps the key out of logs.
func (s Secret) String() string { return "(secret)" }

// GoString keeps the key out of logs, %#v included.
func (s Secret) GoString() string { return s.String() }

// sign is HMAC-SHA256 over the parts one after the other.
func (s *Secret) sign(context string, parts ...[]byte) (proof [proofBytes]byte) {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte(context))
	for _, part := range parts {
		mac.Write(part)
	}
	mac.Sum(proof[:0])
	return proof
}
