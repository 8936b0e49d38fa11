package dev.ktd.k8s;

import io.fabric8.kubernetes.api.model.StatusBuilder;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import io.fabric8.mockwebserver.http.WebSocketListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An API server over HTTP that keeps objects (fabric8's mock in CRUD mode) and knows what that mock
 * does not: version, reviews, and answers prepared for single requests.
 */
final class FakeApiServer implements AutoCloseable {
  private static final ClientFactory.Limits LIMITS =
      new ClientFactory.Limits(Duration.ofSeconds(5), Duration.ofSeconds(5), Duration.ofSeconds(5));

  private final Deque<Map.Entry<Pattern, MockResponse>> prepared = new ConcurrentLinkedDeque<>();
  private final Set<String> denied = ConcurrentHashMap.newKeySet();
  private final List<RecordedRequest> requests = new CopyOnWriteArrayList<>();
  private final List<Cluster> clusters = new ArrayList<>();
  private final KubernetesMockServer server;

  FakeApiServer() {
    this(false);
  }

  FakeApiServer(boolean https) {
    server =
        new KubernetesMockServer(
            new Context(JsonMapper.builder().build()),
            new MockWebServer(),
            new HashMap<>(),
            new Answers(),
            https);
    server.start();
    answer("GET", "/version", 200, "{\"major\":\"1\",\"minor\":\"34+\"}");
    answer(
        "POST",
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        201,
        "{\"kind\":\"SelfSubjectReview\",\"apiVersion\":\"authentication.k8s.io/v1\","
            + "\"status\":{\"userInfo\":{\"username\":\"ana@example.com\"}}}");
  }

  /** From now on, requests whose path (without query) matches get this answer; the latest wins. */
  FakeApiServer answer(String method, String path, int code, String body) {
    prepared.addFirst(
        Map.entry(
            Pattern.compile(method + " " + path + "(\\?.*)?"),
            new MockResponse()
                .setResponseCode(code)
                .setHeader("Content-Type", "application/json")
                .setBody(body)));
    return this;
  }

  /** The same with a Status as API servers send it. */
  FakeApiServer refuse(String method, String path, int code, String message) {
    return answer(
        method,
        path,
        code,
        Serialization.asJson(
            new StatusBuilder().withStatus("Failure").withCode(code).withMessage(message).build()));
  }

  /** Access reviews deny this, e.g. {@code create jobs} or {@code create pods/portforward}. */
  FakeApiServer deny(String right) {
    denied.add(right);
    return this;
  }

  /** What a kubeconfig names to trust this server; it is also good as a client's certificate. */
  String certificatePem() {
    return text(server.getSelfSignedCertificate().certificatePath());
  }

  String keyPem() {
    return text(server.getSelfSignedCertificate().privateKeyPath());
  }

  private static String text(String path) {
    try {
      return Files.readString(Path.of(path));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String url() {
    return server.url("/");
  }

  List<RecordedRequest> requests() {
    return requests;
  }

  /** Connects as a kubeconfig with a token does; closed with the server. */
  Cluster connect() {
    return connect("{token: abc}");
  }

  Cluster connect(String user) {
    return connect(new Kubeconfigs().context("{server: '" + url() + "'}", user));
  }

  Cluster connect(KubeContext context) {
    return connect(context, new Kubeconfigs());
  }

  Cluster connect(KubeContext context, FileSource files) {
    Cluster cluster =
        Cluster.connect(
            context, files, new FakePlugin(), ProxyVariables.NONE, InstantSource.system(), LIMITS);
    clusters.add(cluster);
    return cluster;
  }

  @Override
  public void close() {
    clusters.forEach(Cluster::close);
    // It waits for watches that end slowly (see OffLoop); nobody else needs to.
    Thread.ofPlatform().daemon().start(server::shutdown);
  }

  private final class Answers extends KubernetesCrudDispatcher {
    @Override
    public MockResponse dispatch(RecordedRequest request) {
      requests.add(request);
      String key = request.getMethod() + " " + request.getPath();
      for (var entry : prepared) {
        if (entry.getKey().matcher(key).matches()) {
          return entry.getValue();
        }
      }
      if (request.getPath().endsWith("/selfsubjectaccessreviews")) {
        return review(Serialization.unmarshal(request.getUtf8Body(), JsonNode.class));
      }
      MockResponse answer = super.dispatch(request);
      WebSocketListener watch = answer.getWebSocketListener();
      return watch == null ? answer : answer.withWebSocketUpgrade(new OffLoop(watch));
    }

    private MockResponse review(JsonNode review) {
      JsonNode asked = review.path("spec").path("resourceAttributes");
      String subresource = asked.path("subresource").asString("");
      String right =
          asked.path("verb").asString()
              + " "
              + asked.path("resource").asString()
              + (subresource.isEmpty() ? "" : "/" + subresource);
      return new MockResponse()
          .setResponseCode(201)
          .setHeader("Content-Type", "application/json")
          .setBody(
              "{\"kind\":\"SelfSubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\","
                  + "\"status\":{\"allowed\":"
                  + !denied.contains(right)
                  + "}}");
    }

    /** The mock takes the field for an attribute of the stored objects, which it is not. */
    @Override
    public MockResponse handleGet(String path) {
      return super.handleGet(path.replaceAll("fieldSelector=involvedObject[^&]*&?", ""));
    }
  }
}
