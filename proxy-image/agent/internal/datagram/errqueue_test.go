package datagram

import "testing"

func TestIcmpErrorsHaveTheirCodes(t *testing.T) {
	for name, test := range map[string]struct {
		origin, kind, code byte
		want               Code
	}{
		"port unreachable":        {originICMP, 3, 3, Refused},
		"host unreachable":        {originICMP, 3, 1, Unreachable},
		"network unreachable":     {originICMP, 3, 0, Unreachable},
		"fragmentation needed":    {originICMP, 3, 4, 0},
		"filtered":                {originICMP, 3, 13, Prohibited},
		"host prohibited":         {originICMP, 3, 10, Prohibited},
		"time exceeded":           {originICMP, 11, 0, Unreachable},
		"IPv6 port unreachable":   {originICMP6, 1, 4, Refused},
		"IPv6 no route":           {originICMP6, 1, 0, Unreachable},
		"IPv6 prohibited":         {originICMP6, 1, 1, Prohibited},
		"IPv6 packet too big":     {originICMP6, 2, 0, 0},
		"IPv6 hop limit exceeded": {originICMP6, 3, 0, Unreachable},
		"a local error":           {1, 0, 0, 0},
	} {
		extended := make([]byte, 16)
		extended[4], extended[5], extended[6] = test.origin, test.kind, test.code
		if got := codeOfExtended(extended); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
	if codeOfExtended(make([]byte, 15)) != 0 {
		t.Error("a short message has a code")
	}
}
