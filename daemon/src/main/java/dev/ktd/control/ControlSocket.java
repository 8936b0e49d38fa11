package dev.ktd.control;

import java.nio.file.Path;

/** Where daemon and command line meet, and who may. Apart from both, so neither loads the other. */
public final class ControlSocket {
  /** The socket of the installed daemon. */
  public static final Path PATH = Path.of("/run/ktd/ktd.sock");

  /** Root and the members of this group may use the daemon. */
  public static final String GROUP = "ktd";

  private ControlSocket() {}
}
