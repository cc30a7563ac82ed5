// The least that reading streams costs: one epoll, one recv an event, nothing parsed but the end marker.
//   raw_client PORT STREAMS ROUNDS     each stream reads ROUNDS answers; prints processor µs an event
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static const char body[] = "{\"model\":\"gpt-5.5\",\"stream\":true,\"stream_options\":{\"include_usage\":true},"
                           "\"messages\":[{\"role\":\"user\",\"content\":\"hello world\"}]}";

typedef struct Conn { int fd, left; } Conn;

static double cpu_s(void) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void ask(Conn *c) {
    char data[512];
    int n = sprintf(data, "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                          "Content-Length: %zu\r\n\r\n%s", sizeof body - 1, body);
    if (send(c->fd, data, n, MSG_NOSIGNAL) != n) exit(1);
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    int streams = atoi(argv[2]), rounds = atoi(argv[3]), open = 0, begun = 0, on = 1;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    struct sockaddr_in there = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int ep = epoll_create1(0);
    Conn *all = calloc(streams, sizeof *all);
    struct epoll_event ready[512];
    long events = 0;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    double start = t.tv_sec + t.tv_nsec / 1e9;
    while (begun < streams || open) {
        clock_gettime(CLOCK_MONOTONIC, &t);
        double now = t.tv_sec + t.tv_nsec / 1e9;
        while (begun < streams && now >= start + begun * 0.002) {
            Conn *c = &all[begun++];
            c->fd = socket(AF_INET, SOCK_STREAM, 0);
            c->left = rounds;
            setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            if (connect(c->fd, (struct sockaddr *)&there, sizeof there)) return 1;
            struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
            epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
            open++;
            ask(c);
        }
        int n = epoll_wait(ep, ready, 512, begun < streams ? 1 : -1);
        for (int i = 0; i < n; i++) {
            Conn *c = ready[i].data.ptr;
            char data[8192];
            ssize_t got = recv(c->fd, data, sizeof data - 1, 0);
            if (got <= 0) return 1;
            data[got] = 0;
            for (char *at = data; (at = strstr(at, "data: ")); at += 6) events++;
            if (got >= 5 && !memcmp(data + got - 5, "0\r\n\r\n", 5)) {
                if (--c->left) ask(c);
                else { close(c->fd); open--; }
            }
        }
    }
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    printf("{\"us_per_event\": %.3f, \"events\": %ld, \"peak_mb\": %.1f}\n", cpu_s() * 1e6 / events, events, used.ru_maxrss / 1024.0);
    return 0;
}
