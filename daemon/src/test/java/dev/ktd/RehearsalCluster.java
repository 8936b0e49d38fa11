package dev.ktd;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import org.jspecify.annotations.Nullable;

/**
 * The cluster of a {@link Rehearsal}: an API server on loopback with canned answers, good for one
 * session, which ends when its pod's port cannot be opened. The pod is on loopback as well: ktd
 * tries its address. With the JDK alone, as a program of its own: what it loads must not get into
 * the cache.
 *
 * <p>usage: {@code RehearsalCluster FOLDER}: uses {@code FOLDER/server.p12} (passphrase {@code
 * rehearsal}), writes {@code FOLDER/kubeconfig} and serves until it is ended.
 */
final class RehearsalCluster {
  private static final char[] PASSPHRASE = "rehearsal".toCharArray();
  private static final String LIST =
      "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"metadata\":{\"resourceVersion\":\"7\"},";
  private static final String META =
      "\"metadata\":{\"name\":\"%s\",\"namespace\":\"default\",\"uid\":\"%s\","
          + "\"resourceVersion\":\"%s\",\"labels\":{\"ktd.dev/session\":\"1\"},"
          + "\"ownerReferences\":[{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"name\":\"%s\","
          + "\"uid\":\"1\"}]}";

  private volatile String job = "";
  private volatile boolean deleted;

  private RehearsalCluster() {}

  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[0]);
    KeyStore store = KeyStore.getInstance(folder.resolve("server.p12").toFile(), PASSPHRASE);
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, PASSPHRASE);
    SSLContext tls = SSLContext.getInstance("TLS");
    tls.init(keys.getKeyManagers(), null, null);
    try (SSLServerSocket server =
        (SSLServerSocket)
            tls.getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      server.setWantClientAuth(false);
      Path made = Files.writeString(folder.resolve("kubeconfig.part"), kubeconfig(store, server));
      Files.move(made, folder.resolve("kubeconfig"));
      RehearsalCluster cluster = new RehearsalCluster();
      while (true) {
        Socket client = server.accept();
        Thread.ofVirtual().start(() -> cluster.serve(client));
      }
    }
  }

  private static String kubeconfig(KeyStore store, SSLServerSocket server)
      throws GeneralSecurityException {
    String alias = store.aliases().nextElement();
    String certificate = pem("CERTIFICATE", store.getCertificate(alias).getEncoded());
    Key key = store.getKey(alias, PASSPHRASE);
    return """
    {"kind": "Config", "apiVersion": "v1", "current-context": "rehearsal",
     "clusters": [{"name": "rehearsal", "cluster": {
       "server": "https://127.0.0.1:%d", "certificate-authority-data": "%s"}}],
     "users": [{"name": "rehearsal", "user": {
       "client-certificate-data": "%s", "client-key-data": "%s"}}],
     "contexts": [{"name": "rehearsal", "context": {
       "cluster": "rehearsal", "user": "rehearsal", "namespace": "default"}}]}
    """
        .formatted(
            server.getLocalPort(), certificate, certificate, pem("PRIVATE KEY", key.getEncoded()));
  }

  /** PEM, and that in base64 as kubeconfigs have it. */
  private static String pem(String kind, byte[] der) {
    String text =
        "-----BEGIN %s-----\n%s\n-----END %s-----\n"
            .formatted(kind, Base64.getMimeEncoder().encodeToString(der), kind);
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.US_ASCII));
  }

  private record Exchange(String method, String path, Map<String, String> headers, String body) {}

  private void serve(Socket client) {
    try (client) {
      InputStream in = new BufferedInputStream(client.getInputStream());
      OutputStream out = client.getOutputStream();
      for (Exchange asked = read(in); asked != null; asked = read(in)) {
        if (asked.headers().containsKey("sec-websocket-key")) {
          watch(asked, out);
          int _ = in.read(); // until the client has enough
          return;
        }
        answer(asked, out);
      }
    } catch (SocketException _) {
      // The client is gone.
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static @Nullable Exchange read(InputStream in) throws IOException {
    String request = line(in);
    if (request.isEmpty()) {
      return null;
    }
    Map<String, String> headers = new TreeMap<>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(Locale.ROOT), line.substring(colon + 1).strip());
    }
    int length = Integer.parseInt(headers.getOrDefault("content-length", "0"));
    String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
    String[] words = request.split(" ", -1);
    return new Exchange(words[0], words[1], headers, body);
  }

  private static String line(InputStream in) throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int b = in.read(); b >= 0 && b != '\n'; b = in.read()) {
      if (b != '\r') {
        line.write(b);
      }
    }
    return line.toString(StandardCharsets.US_ASCII);
  }

  private void answer(Exchange asked, OutputStream out) throws IOException {
    String body = body(asked);
    byte[] bytes = (body == null ? status(404) : body).getBytes(StandardCharsets.UTF_8);
    String head =
        "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            .formatted(
                body == null
                    ? "404 Not Found"
                    : asked.method().equals("POST") ? "201 Created" : "200 OK",
                bytes.length);
    out.write(head.getBytes(StandardCharsets.US_ASCII));
    out.write(bytes);
    out.flush();
  }

  private static String status(int code) {
    return "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
        + "\"message\":\"not found\",\"reason\":\"NotFound\",\"code\":%d}".formatted(code);
  }

  /** Null: not found. */
  private @Nullable String body(Exchange asked) {
    String path = asked.path().replaceFirst("\\?.*", "");
    String resource = path.substring(path.lastIndexOf('/') + 1);
    if (asked.method().equals("DELETE")) {
      deleted = true;
      return "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Success\"}";
    }
    if (asked.method().equals("POST")) {
      return switch (resource) {
        case "selfsubjectreviews" ->
            "{\"kind\":\"SelfSubjectReview\",\"apiVersion\":\"authentication.k8s.io/v1\","
                + "\"metadata\":{},\"status\":{\"userInfo\":{\"username\":\"rehearsal\"}}}";
        case "selfsubjectaccessreviews" ->
            "{\"kind\":\"SelfSubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\","
                + "\"metadata\":{},\"spec\":{},\"status\":{\"allowed\":true}}";
        case "jobs" -> {
          job = asked.body().replaceAll("(?s).*\"name\" *: *\"(ktd-[^\"]*)\".*", "$1");
          yield asked.body();
        }
        default -> asked.body();
      };
    }
    return switch (resource) {
      case "version" -> "{\"major\":\"1\",\"minor\":\"34\",\"gitVersion\":\"v1.34.0\"}";
      case "default" -> namespace();
      case "namespaces" -> list(namespace());
      case "servicecidrs" ->
          list(
              "{\"kind\":\"ServiceCIDR\",\"apiVersion\":\"networking.k8s.io/v1\","
                  + "\"metadata\":{\"name\":\"kubernetes\"},\"spec\":{\"cidrs\":[\"10.43.0.0/16\"]}}");
      case "nodes" ->
          list(
              "{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"node1\"},"
                  + "\"spec\":{\"podCIDR\":\"10.42.0.0/24\",\"podCIDRs\":[\"10.42.0.0/24\"]}}");
      case "events" -> list(event("Pulling"));
      case "pods" -> list(deleted ? "" : pod(false));
      default -> null;
    };
  }

  private static String list(String item) {
    return LIST + "\"items\":[" + item + "]}";
  }

  private static String namespace() {
    return "{\"kind\":\"Namespace\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"default\"},"
        + "\"status\":{\"phase\":\"Active\"}}";
  }

  private String pod(boolean running) {
    return "{\"kind\":\"Pod\",\"apiVersion\":\"v1\","
        + META.formatted(job + "-x", "2", running ? "8" : "7", job)
        + ",\"spec\":{\"nodeName\":\"node1\",\"containers\":[{\"name\":\"ktd\"}]},"
        + "\"status\":{\"phase\":\""
        + (running ? "Running" : "Pending")
        + "\",\"podIP\":\"127.0.0.1\",\"podIPs\":[{\"ip\":\"127.0.0.1\"}],"
        + "\"conditions\":[{\"type\":\"PodScheduled\",\"status\":\"True\"}],"
        + "\"containerStatuses\":[{\"name\":\"ktd\",\"state\":{"
        + (running
            ? "\"running\":{\"startedAt\":\"2026-01-01T00:00:00Z\"}"
            : "\"waiting\":{\"reason\":\"ContainerCreating\"}")
        + "}}]}}";
  }

  private String event(String reason) {
    return "{\"kind\":\"Event\",\"apiVersion\":\"v1\","
        + META.formatted("event", "3", reason.length(), job)
        + ",\"involvedObject\":{\"kind\":\"Pod\",\"name\":\""
        + job
        + "-x\"},\"reason\":\""
        + reason
        + "\",\"message\":\"Pulling image\",\"type\":\"Normal\"}";
  }

  /** RFC 6455: the opening handshake, then one change. */
  private void watch(Exchange asked, OutputStream out)
      throws IOException, GeneralSecurityException {
    String accept =
        Base64.getEncoder()
            .encodeToString(
                MessageDigest.getInstance("SHA-1")
                    .digest(
                        (asked.headers().get("sec-websocket-key")
                                + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
                            .getBytes(StandardCharsets.US_ASCII)));
    out.write(
        ("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Accept: "
                + accept
                + "\r\n\r\n")
            .getBytes(StandardCharsets.US_ASCII));
    boolean ofPods = asked.path().contains("/pods");
    byte[] change =
        (ofPods
                ? "{\"type\":\"MODIFIED\",\"object\":" + pod(true) + "}"
                : "{\"type\":\"ADDED\",\"object\":" + event("Pulled") + "}")
            .getBytes(StandardCharsets.UTF_8);
    out.write(new byte[] {(byte) 0x81, 126, (byte) (change.length >> 8), (byte) change.length});
    out.write(change);
    out.flush();
  }
}
