package dev.ktd.k8s;

import dev.ktd.error.KtdException;
import io.fabric8.kubernetes.api.model.AuthInfo;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** A token in a file that someone else renews; read again every minute, as client-go does. */
final class TokenFileCredentials implements Credentials {
  private static final Duration FRESH = Duration.ofMinutes(1);

  private final KubeContext.Named<AuthInfo> user;
  private final String path;
  private final Authentication fixed;
  private final ReferencedFiles files;
  private final InstantSource clock;
  private @Nullable Authentication last;
  private Instant readAt = Instant.MIN;

  TokenFileCredentials(
      KubeContext.Named<AuthInfo> user,
      String path,
      Authentication fixed,
      ReferencedFiles files,
      InstantSource clock) {
    this.user = user;
    this.path = path;
    this.fixed = fixed;
    this.files = files;
    this.clock = clock;
  }

  @Override
  public synchronized Authentication current() {
    Instant now = clock.instant();
    Authentication known = last;
    if (known != null && now.isBefore(readAt.plus(FRESH))) {
      return known;
    }
    try {
      known =
          new Authentication(
              files.text(user, "tokenFile", path), fixed.certificatePem(), fixed.keyPem());
    } catch (KtdException e) {
      // A file that is being replaced must not end a session: the last token may still do.
      if (known == null) {
        throw e;
      }
    }
    last = known;
    readAt = now;
    return known;
  }

  @Override
  public synchronized void forget() {
    readAt = Instant.MIN;
  }

  @Override
  public String renewalHint() {
    return "Renew the token in " + ReferencedFiles.absolute(user, path) + ".";
  }
}
