package dev.ktd.testbed;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Gives a test class a real cluster: constructors and methods may take a {@link TestCluster} or its
 * {@link Laptop}. All classes of a run share one cluster, which is ended with the run if the run
 * started it.
 *
 * <p>Which one, the first that applies (each name also as a system property, which wins):
 *
 * <ol>
 *   <li>{@code KTD_TEST_KUBECONFIG=FILE}: a cluster that exists.
 *   <li>{@code KTD_TEST_PROVIDER=docker}, or a Docker Engine that answers: Testcontainers' K3s.
 *   <li>Else, or with {@code KTD_TEST_PROVIDER=node}: the embedded node of {@code testbed/node}.
 * </ol>
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@ExtendWith(ClusterExtension.class)
public @interface ClusterTest {}
