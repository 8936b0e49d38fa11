/**
 * A real cluster for a test class: a named kubeconfig, Testcontainers, or the embedded node. The
 * end-to-end suite is beside it, in the tests.
 */
@NullMarked
package dev.ktd.testbed;

import org.jspecify.annotations.NullMarked;
