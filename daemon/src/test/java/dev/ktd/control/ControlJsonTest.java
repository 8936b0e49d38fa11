package dev.ktd.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.ktd.error.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The JSON that scripts rely on. */
final class ControlJsonTest {
  private static final String CONTRACT =
      """
      {"state":"CONNECTED","since":"2026-01-01T00:00:00Z","context":"dev","namespace":"default","user":"ana","device":"ktd0",
       "networks":[{"cidr":"10.43.0.0/16","kind":"services","source":"ServiceCIDR"},{"cidr":"10.42.0.0/24","kind":"pods","source":"node.podCIDRs"}],
       "excluded":["10.99.0.1/32"],
       "dns":{"mode":"systemd-resolved","server":"198.18.0.53","suffixes":["cluster.local"],"search":["default.svc.cluster.local","svc.cluster.local","cluster.local"],"verified":true},
       "carriers":[{"id":1,"state":"UP","path":"port-forward","rttMillis":0.4,"bytesUp":0,"bytesDown":0,"resumed":0,"reopened":0}],
       "flows":{"tcp":0,"udp":0,"opened":0,"refused":0},
       "swaps":[{"target":"deployment/c","kind":"swap","ports":[{"local":8080,"remote":8080}],"state":"ACTIVE"}]}
      """;

  @Test
  void statusHasEveryKeyAndValueOfTheContract() {
    JsonMapper mapper = new JsonMapper();
    JsonNode written = mapper.readTree(ControlJson.write(Samples.report()));
    List<String> differences = new ArrayList<>();
    compare("", mapper.readTree(CONTRACT), written, differences);
    assertThat(differences).isEmpty();
  }

  private static void compare(
      String path, JsonNode wanted, JsonNode written, List<String> differences) {
    if (wanted.isObject()) {
      for (Map.Entry<String, JsonNode> entry : wanted.properties()) {
        compare(
            path + "/" + entry.getKey(),
            entry.getValue(),
            written.path(entry.getKey()),
            differences);
      }
    } else if (wanted.isArray() && wanted.size() == written.size()) {
      for (int i = 0; i < wanted.size(); i++) {
        compare(path + "/" + i, wanted.get(i), written.path(i), differences);
      }
    } else if (!wanted.equals(written)) {
      differences.add(path + ": " + wanted + " is " + written);
    }
  }

  @Test
  void idleHasNoKeysWithoutValue() {
    assertThat(ControlJson.write(StatusReport.idle()))
        .isEqualTo(
            "{\"state\":\"IDLE\",\"networks\":[],\"excluded\":[],\"carriers\":[],\"flows\":"
                + "{\"tcp\":0,\"udp\":0,\"opened\":0,\"refused\":0,\"channels\":0},\"drops\":{},"
                + "\"swaps\":[]}");
  }

  @Test
  void eventsAreToldApartByTheirKey() {
    List<String> lines =
        List.of(
            "{\"event\":\"progress\",\"step\":\"proxy\",\"text\":\"a\\nb\",\"done\":true,"
                + "\"elapsedMillis\":1100}",
            "{\"event\":\"warning\",\"text\":\"w\"}",
            "{\"event\":\"finished\",\"text\":\"f\"}",
            "{\"event\":\"failed\",\"code\":\"IMAGE\",\"exitStatus\":4,\"message\":\"m\","
                + "\"hint\":\"h\"}");
    for (String line : lines) {
      assertThat(ControlJson.write(ControlJson.readEvent(line))).isEqualTo(line);
    }
  }

  @Test
  void keysOfANewerDaemonAreIgnored() {
    assertThat(ControlJson.readEvent("{\"event\":\"warning\",\"text\":\"w\",\"new\":1}"))
        .isEqualTo(new Event.Warning("w"));
    assertThat(ControlJson.readReport("{\"state\":\"IDLE\",\"new\":{}}").state()).isEqualTo("IDLE");
  }

  @Test
  void codeOfANewerDaemonIsInternal() {
    assertThat(new Event.Failed("NEW", 9, "m", null).toException().code())
        .isEqualTo(ErrorCode.INTERNAL);
  }
}
