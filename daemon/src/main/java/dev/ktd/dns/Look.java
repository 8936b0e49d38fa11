package dev.ktd.dns;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one question was answered, for {@code ktd dns trace}.
 *
 * @param name as it was asked, without trailing dot
 * @param type e.g. {@code A}
 * @param rule which rule of {@link SplitRules} fitted, in a few words
 * @param server whose answer it is, e.g. {@code cluster DNS 10.43.0.10 (tcp)}; null when nobody was
 *     asked or nobody answered
 * @param cached it was kept from an earlier question
 * @param rcode e.g. {@code NXDOMAIN}
 * @param records the answer's, e.g. {@code A 10.43.12.7}; aliases on the way too
 * @param ttl the least of the records', in seconds; null without records
 * @param millis until the answer
 */
public record Look(
    String name,
    String type,
    String rule,
    @Nullable String server,
    boolean cached,
    String rcode,
    List<String> records,
    @Nullable Long ttl,
    double millis) {}
