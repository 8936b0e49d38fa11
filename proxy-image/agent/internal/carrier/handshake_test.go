package carrier

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// vectors reads testdata/vectors.properties, which the daemon's tests read as well.
func vectors(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors.properties")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, line := range strings.Split(string(text), "\n") {
		if key, value, found := strings.Cut(line, "="); found && !strings.HasPrefix(line, "#") {
			values[key] = value
		}
	}
	return values
}

func fromHex(t *testing.T, text string) []byte {
	t.Helper()
	decoded, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return decoded
}

func writeSecret(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "carrier_secret")
	if err := os.WriteFile(path, []byte(text), 0o400); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheVectorsAreAcceptedAndMade(t *testing.T) {
	values := vectors(t)
	secret, err := ReadSecret(writeSecret(t, values["secret.base64"]+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"new", "resumed", "lost"} {
		var g greeting
		var h helloMessage
		copy(g[:], fromHex(t, values[name+".greeting"]))
		copy(h[:], fromHex(t, values[name+".hello"]))
		if err := h.check(secret, &g); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if received := strconv.FormatUint(h.received(), 10); received != values[name+".received"] {
			t.Errorf("%s: received %s", name, received)
		}
		code, _ := strconv.Atoi(values[name+".status"])
		position, _ := strconv.ParseUint(values[name+".answered"], 10, 64)
		made := answer(secret, &g, &h, status(code), position, []byte(values[name+".info"]))
		if want := fromHex(t, values[name+".answer"]); !bytes.Equal(made, want) {
			t.Errorf("%s: answer is\n%x, not\n%x", name, made, want)
		}
	}
}

func TestEachByteOfAHelloAndItsGreetingIsGuarded(t *testing.T) {
	values := vectors(t)
	secret, err := ReadSecret(writeSecret(t, values["secret.base64"]))
	if err != nil {
		t.Fatal(err)
	}
	var g greeting
	var h helloMessage
	copy(g[:], fromHex(t, values["new.greeting"]))
	copy(h[:], fromHex(t, values["new.hello"]))
	for i := range h {
		h[i] ^= 1
		if h.check(secret, &g) == nil {
			t.Errorf("byte %d of the hello may be anything", i)
		}
		h[i] ^= 1
	}
	for i := range g {
		g[i] ^= 1
		if h.check(secret, &g) == nil {
			t.Errorf("byte %d of the greeting may be anything", i)
		}
		g[i] ^= 1
	}
}

func TestAMalformedSecretIsToldWithoutShowingIt(t *testing.T) {
	for _, text := range []string{"", "not base64!", "c2hvcnQ=", strings.Repeat("A", 60)} {
		_, err := ReadSecret(writeSecret(t, text))
		if err == nil || !strings.Contains(err.Error(), "the base64 of 32 bytes is wanted") || text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := ReadSecret("/nonexistent/carrier_secret"); err == nil {
		t.Error("a missing secret is accepted")
	}
}
