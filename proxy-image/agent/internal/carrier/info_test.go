package carrier

import (
	"strings"
	"testing"
	"time"
)

func TestTheInfoTellsThePodsResolver(t *testing.T) {
	for resolvConf, want := range map[string]string{
		`# made by the kubelet
search default.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.43.0.10
nameserver fd43::a
options ndots:5
`: `{"version":1,"nameservers":["10.43.0.10","fd43::a"],` +
			`"search":["default.svc.cluster.local","svc.cluster.local","cluster.local"],"limitSeconds":900}`,
		"search a b\ndomain c\n": `{"version":1,"nameservers":[],"search":["c"],"limitSeconds":900}`,
		"nameserver\n\n":         `{"version":1,"nameservers":[],"search":[],"limitSeconds":900}`,
	} {
		if got := string(NewInfo(strings.NewReader(resolvConf), 15*time.Minute)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

func TestTheInfoFitsIntoAnAnswerWhateverResolvConfHas(t *testing.T) {
	hostile := "nameserver " + strings.Repeat("\x01", 60_000) + "\n" // six characters each in JSON
	if length := len(NewInfo(strings.NewReader(hostile), time.Hour)); length > 65535 {
		t.Errorf("%d bytes", length)
	}
}
