// A server that streams chat chunks on an exact schedule and logs when it really sent them.
// One thread, epoll, a heap of due times, one send() an event. Python cannot pace 50,000 events a second.
//   paced_server TTFT_US ITL_US TOKENS LOG     prints its port, serves until SIGTERM, then writes LOG
// LOG: int64 count, then that many ttft (ns: request whole to first content sent), then int64 count and
// that many gaps between two contents (ns), then int64 count and that many arrivals (CLOCK_MONOTONIC ns).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

typedef struct Conn {
    int fd, have, step, open;    // step: events sent of the current stream, -1 when idle
    int64_t due, asked, last;
    int at;                      // place in the heap, 0 when not in it
    int rest, from;              // unsent bytes of the event that did not fit
    char in[65536], out[1024];
} Conn;

typedef struct { int64_t *at, n, room; } Log;

static int64_t ttft_ns, itl_ns;
static int tokens, ep, heap_n;
static Conn **heap;
static Log ttfts, gaps, arrivals;
static volatile sig_atomic_t over;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void keep(Log *log, int64_t value) {
    if (log->n == log->room) {
        log->room = log->room ? 2 * log->room : 65536;
        log->at = realloc(log->at, log->room * sizeof *log->at);
    }
    log->at[log->n++] = value;
}

static void place(int i, Conn *c) { heap[i] = c; c->at = i; }

static void sift(int i) {
    Conn *c = heap[i];
    for (; i > 1 && heap[i / 2]->due > c->due; i /= 2) place(i, heap[i / 2]);
    for (int k; (k = 2 * i) <= heap_n; i = k) {
        if (k < heap_n && heap[k + 1]->due < heap[k]->due) k++;
        if (heap[k]->due >= c->due) break;
        place(i, heap[k]);
    }
    place(i, c);
}

static void push(Conn *c, int64_t due) {
    c->due = due;
    if (!c->at) { heap = realloc(heap, (++heap_n + 2) * sizeof *heap); place(heap_n, c); }
    sift(c->at);
}

static void drop(Conn *c) {
    if (!c->at) return;
    int i = c->at;
    c->at = 0;
    Conn *last = heap[heap_n--];
    if (last != c) { place(i, last); sift(i); }
}

static void end(Conn *c) {
    drop(c);
    close(c->fd);
    c->open = 0;
    free(c);
}

static int event(char *out, int step) {
    char data[768];
    int n = 0;
    const char *head = "data: {\"id\":\"chatcmpl-0123456789abcdef\",\"object\":\"chat.completion.chunk\",\"created\":1760000000,"
                       "\"model\":\"gpt-5.5\",\"service_tier\":\"default\",\"system_fingerprint\":null,\"choices\":[";
    if (step == 0)
        n = sprintf(data, "%s{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"finish_reason\":null}],\"usage\":null}\n\n", head);
    else if (step <= tokens)
        n = sprintf(data, "%s{\"index\":0,\"delta\":{\"content\":\" word%d\"},\"finish_reason\":null}],\"usage\":null}\n\n", head, step % 10);
    else if (step == tokens + 1)
        n = sprintf(data, "%s{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}\n\n", head);
    else if (step == tokens + 2)
        n = sprintf(data, "%s],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":%d,\"total_tokens\":%d}}\n\n", head, tokens, tokens + 10);
    else
        n = sprintf(data, "data: [DONE]\n\n");
    int at = 0;
    if (step == 0)
        at = sprintf(out, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    at += sprintf(out + at, "%x\r\n%s\r\n", n, data);
    if (step == tokens + 3) at += sprintf(out + at, "0\r\n\r\n");
    return at;
}

static void watch(Conn *c, uint32_t events) {
    struct epoll_event e = {.events = events, .data.ptr = c};
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
}

// Sends what is due of a stream; 0 when the connection is gone.
static int step(Conn *c) {
    if (!c->rest) { c->rest = event(c->out, c->step); c->from = 0; }
    int64_t at = now_ns();
    ssize_t sent = send(c->fd, c->out + c->from, c->rest, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) { end(c); return 0; }
    if (sent < c->rest) {
        if (sent > 0) { c->rest -= sent; c->from += sent; }
        drop(c);
        watch(c, EPOLLIN | EPOLLOUT);
        return 1;
    }
    c->rest = 0;
    if (c->step == 1) keep(&ttfts, at - c->asked);
    else if (c->step > 1 && c->step <= tokens) keep(&gaps, at - c->last);
    c->last = at;
    int64_t due = c->due;
    c->step++;
    if (c->step > tokens + 3) { c->step = -1; drop(c); return 1; }
    if (c->step == 1) due = c->asked + ttft_ns;
    else if (c->step <= tokens + 1) due += itl_ns;
    push(c, itl_ns ? due : at);
    return 1;
}

static void readable(Conn *c) {
    ssize_t n = recv(c->fd, c->in + c->have, sizeof c->in - 1 - c->have, 0);
    if (n <= 0) { if (n == 0 || errno != EAGAIN) end(c); return; }
    c->have += n;
    c->in[c->have] = 0;
    char *body = strstr(c->in, "\r\n\r\n");
    if (!body) return;
    char *length = strcasestr(c->in, "content-length:");
    int want = (int)(body - c->in) + 4 + (length && length < body ? atoi(length + 15) : 0);
    if (c->have < want) return;
    memmove(c->in, c->in + want, c->have - want + 1);
    c->have -= want;
    c->asked = now_ns();
    keep(&arrivals, c->asked);
    c->step = 0;
    push(c, c->asked);
}

static void stop(int signal) { (void)signal; over = 1; }

static void save(FILE *file, Log *log) {
    fwrite(&log->n, sizeof log->n, 1, file);
    fwrite(log->at, sizeof *log->at, log->n, file);
}

int main(int argc, char **argv) {
    if (argc < 5) return 2;
    ttft_ns = atoll(argv[1]) * 1000;
    itl_ns = atoll(argv[2]) * 1000;
    tokens = atoi(argv[3]);
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&here, size) || listen(listener, 4096)) return 1;
    getsockname(listener, (struct sockaddr *)&here, &size);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    struct sigaction act = {.sa_handler = stop};
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    ep = epoll_create1(0);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = NULL}, ready[512];
    epoll_ctl(ep, EPOLL_CTL_ADD, listener, &e);
    heap = malloc(2 * sizeof *heap);
    while (!over) {
        int64_t wait = heap_n ? heap[1]->due - now_ns() : 1000000000;
        if (wait < 0) wait = 0;
        struct timespec left = {wait / 1000000000, wait % 1000000000};
        int n = syscall(SYS_epoll_pwait2, ep, ready, 512, &left, NULL, 8);
        for (int i = 0; i < n; i++) {
            Conn *c = ready[i].data.ptr;
            if (!c) {
                for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    c = calloc(1, sizeof *c);
                    c->fd = fd; c->step = -1; c->open = 1;
                    e.events = EPOLLIN; e.data.ptr = c;
                    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
                }
                continue;
            }
            if (ready[i].events & EPOLLOUT) { watch(c, EPOLLIN); push(c, itl_ns ? c->due : now_ns()); }
            if (ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
        }
        // Few sends, then look at the sockets again: a request that waits here would look like a slow client.
        int64_t at = now_ns();
        for (int k = 0; k < 8 && heap_n && heap[1]->due <= at; k++) step(heap[1]);
    }
    FILE *file = fopen(argv[4], "wb");
    save(file, &ttfts);
    save(file, &gaps);
    save(file, &arrivals);
    fclose(file);
    return 0;
}
