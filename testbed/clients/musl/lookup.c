/* Prints the IPv4 addresses of each name, in order, as the C library finds them: for musl, whose resolver is its own. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *one, const void *other) { return strcmp(one, other); }

int main(int count, char **names) {
  for (int i = 1; i < count; i++) {
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char texts[64][INET_ADDRSTRLEN];
    int n = 0;
    if (getaddrinfo(names[i], NULL, &hints, &found) == 0) {
      for (struct addrinfo *each = found; each != NULL && n < 64; each = each->ai_next) {
        struct sockaddr_in *address = (struct sockaddr_in *)each->ai_addr;
        inet_ntop(AF_INET, &address->sin_addr, texts[n++], INET_ADDRSTRLEN);
      }
      freeaddrinfo(found);
    }
    qsort(texts, n, sizeof texts[0], compare);
    printf("%s ", names[i]);
    for (int k = 0; k < n; k++) {
      printf("%s%s", k > 0 ? "," : "", texts[k]);
    }
    printf("\n");
  }
  return 0;
}
