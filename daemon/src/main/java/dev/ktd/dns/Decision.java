package dev.ktd.dns;

import org.xbill.DNS.Name;

/** Who answers a question. */
sealed interface Decision {
  /**
   * The cluster's servers.
   *
   * @param ask the full name to ask for; where it differs from the name in question, the answer
   *     starts with a CNAME that leads to it
   */
  record Cluster(Name ask) implements Decision {}

  /** The host's own servers; the question is passed on unchanged. */
  record Host() implements Decision {}

  /** We, with this response code and no records. */
  record Local(int rcode) implements Decision {}
}
