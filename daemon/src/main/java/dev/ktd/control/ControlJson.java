package dev.ktd.control;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.ktd.error.ErrorCode;
import dev.ktd.error.KtdException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.ObjectWriter;
import tools.jackson.databind.json.JsonMapper;

/**
 * The JSON of the control socket, which is also that of {@code -o json}: one object on one line,
 * keys in the order of the records' components, absent values left out. Any thread.
 */
public final class ControlJson {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .changeDefaultPropertyInclusion(
              inclusion -> inclusion.withValueInclusion(JsonInclude.Include.NON_NULL))
          .build();
  private static final ObjectWriter EVENTS = MAPPER.writerFor(Event.class);

  private ControlJson() {}

  /** An event, told apart by its key {@code event}: progress, warning, finished or failed. */
  public static String write(Event event) {
    return EVENTS.writeValueAsString(event);
  }

  /** The report, in the shape of {@link StatusReport}. */
  public static String write(StatusReport report) {
    return MAPPER.writeValueAsString(report);
  }

  static byte[] write(Request.Up request) {
    return MAPPER.writeValueAsBytes(request);
  }

  /**
   * Strict: a key this daemon does not know is refused, since to ignore it would do something else
   * than what was asked.
   *
   * @throws KtdException USAGE
   */
  static Request.Up readUp(byte[] body) {
    ObjectReader reader =
        MAPPER.readerFor(Request.Up.class).with(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
    try {
      Request.Up request = reader.readValue(body);
      if (request == null) {
        throw new KtdException(ErrorCode.USAGE, "the request is empty.", null);
      }
      return request;
    } catch (JacksonException malformed) {
      throw new KtdException(
          ErrorCode.USAGE,
          "the daemon cannot read the request: " + malformed.getOriginalMessage(),
          "Are ktd and its daemon of the same version? See:  ktd version",
          malformed);
    }
  }

  /** Lenient towards newer daemons: unknown keys are ignored, an unknown event is null. */
  static Event readEvent(String line) {
    return readAnswer(line, Event.class);
  }

  static StatusReport readReport(String body) {
    return readAnswer(body, StatusReport.class);
  }

  private static <T> T readAnswer(String json, Class<T> type) {
    try {
      return MAPPER
          .readerFor(type)
          .without(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .readValue(json);
    } catch (JacksonException malformed) {
      throw new KtdException(
          ErrorCode.INTERNAL,
          "ktd cannot read the daemon's answer: " + malformed.getOriginalMessage(),
          "Are ktd and its daemon of the same version? Restart the daemon:  ktd down",
          malformed);
    }
  }
}
