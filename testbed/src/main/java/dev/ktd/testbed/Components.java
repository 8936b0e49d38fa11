package dev.ktd.testbed;

/** The parts of a cluster's node that a test may take away for a while. */
public interface Components {
  /** A part, by its name in {@code testbed/node}. */
  enum Component {
    APISERVER,
    KUBELET
  }

  /** Kills it and keeps it from coming back; returns when it is gone. */
  void stop(Component component);

  /** Lets it come back, in a few seconds; without {@link #stop}: nothing. */
  void start(Component component);
}
