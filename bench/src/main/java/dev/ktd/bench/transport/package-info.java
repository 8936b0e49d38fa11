/**
 * The whole way from a program to a pod and back, through ktd and through others, in turn, on the
 * embedded node; start at {@link dev.ktd.bench.transport.TransportFigures}. And ktd alone for a
 * long time: {@link dev.ktd.bench.transport.SoakFigures}. Both run in the laptop's network
 * namespace. Each candidate is a set of processes of its own; traffic is made by {@code iperf3} and
 * by {@link dev.ktd.bench.transport.Client}, a process of its own as well.
 */
@NullMarked
package dev.ktd.bench.transport;

import org.jspecify.annotations.NullMarked;
