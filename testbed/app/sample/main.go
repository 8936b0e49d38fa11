// Command sample is the sample application's servers in one static binary, chosen by its first argument. Standard
// library only. The same binary is the node's pause container.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("usage: sample web|api|echo|pause")
	}
	var err error
	switch role := os.Args[1]; role {
	case "web":
		err = serve(web())
	case "api":
		err = serve(api(environment("WEB_URL", "http://web.default")))
	case "echo":
		err = echo(":" + environment("PORT", "7007"))
	case "pause":
		pause()
	default:
		err = fmt.Errorf("no role %q", role)
	}
	if err != nil {
		log.Fatal("sample: ", err)
	}
}

func environment(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func serve(handler http.Handler) error {
	go func() { // as the pod's first process, a signal without a handler would be ignored
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
		<-stop
		os.Exit(0)
	}()
	server := &http.Server{Addr: ":" + environment("PORT", "8080"), Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

// web answers the pod's name, and takes and gives bytes for tests of large transfers.
func web() http.Handler {
	name, _ := os.Hostname()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(out http.ResponseWriter, request *http.Request) {
		fmt.Fprintf(out, "web %s\n", name)
	})
	// GET /bytes?n=N: N bytes of a fixed pattern; their SHA-256 comes in the trailer Sha256.
	mux.HandleFunc("/bytes", func(out http.ResponseWriter, request *http.Request) {
		count, err := strconv.ParseInt(request.URL.Query().Get("n"), 10, 64)
		if err != nil || count < 0 {
			http.Error(out, "n must be a number of bytes", http.StatusBadRequest)
			return
		}
		out.Header().Set("Trailer", "Sha256")
		digest := sha256.New()
		if _, err := io.Copy(io.MultiWriter(out, digest), io.LimitReader(&pattern{}, count)); err != nil {
			log.Print("bytes: ", err)
			return
		}
		out.Header().Set("Sha256", hex.EncodeToString(digest.Sum(nil)))
	})
	// POST /sha256: length and SHA-256 of the body, as "N HEX".
	mux.HandleFunc("/sha256", func(out http.ResponseWriter, request *http.Request) {
		digest := sha256.New()
		count, err := io.Copy(digest, request.Body)
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(out, "%d %x\n", count, digest.Sum(nil))
	})
	// GET /who: the caller's address as this pod sees it.
	mux.HandleFunc("/who", func(out http.ResponseWriter, request *http.Request) {
		fmt.Fprintln(out, request.RemoteAddr)
	})
	return mux
}

// pattern gives pseudo-random bytes (xorshift), the same ones every time: a lost or doubled block cannot go unseen.
type pattern struct{ state uint64 }

func (p *pattern) Read(into []byte) (int, error) {
	if p.state == 0 {
		p.state = 0x9e3779b97f4a7c15
	}
	for i := range into {
		if i%8 == 0 {
			p.state ^= p.state << 13
			p.state ^= p.state >> 7
			p.state ^= p.state << 17
		}
		into[i] = byte(p.state >> (8 * (i % 8)))
	}
	return len(into), nil
}

// api asks web, as a service in another namespace does.
func api(webURL string) http.Handler {
	name, _ := os.Hostname()
	client := &http.Client{Timeout: 5 * time.Second}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(out http.ResponseWriter, request *http.Request) { fmt.Fprintln(out, "ok") })
	mux.HandleFunc("/", func(out http.ResponseWriter, request *http.Request) {
		answer, err := client.Get(webURL)
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<10))
		if err != nil {
			http.Error(out, err.Error(), http.StatusBadGateway)
			return
		}
		fmt.Fprintf(out, "api %s -> %s\n", name, strings.TrimSpace(string(body)))
	})
	return mux
}

// echo sends back each datagram, and each byte of a TCP connection until the peer's end of stream.
func echo(address string) error {
	datagrams, err := net.ListenPacket("udp", address)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				log.Fatal("sample: ", err)
			}
			go func() {
				defer connection.Close()
				io.Copy(connection, connection)
			}()
		}
	}()
	buffer := make([]byte, 65536)
	for {
		count, from, err := datagrams.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return err
		}
		if err == nil {
			datagrams.WriteTo(buffer[:count], from)
		}
	}
}

// pause holds a pod's namespaces: it reaps orphans and waits for the end.
func pause() {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGCHLD)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); err != nil || pid <= 0 {
				break
			}
		}
	}
}
