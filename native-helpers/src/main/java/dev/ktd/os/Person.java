package dev.ktd.os;

/**
 * The person for whom ktd works: the caller, or the one behind sudo.
 *
 * @param uid numeric user id, 0 when root works for itself
 * @param gid primary group id
 * @param home absolute path of the home directory
 * @param path the PATH with which the person's programs are found
 */
public record Person(int uid, int gid, String name, String home, String path) {}
