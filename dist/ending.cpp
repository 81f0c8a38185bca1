#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <thread>

#include <unistd.h>

#include <xtape/dist/ending.hpp>
#include <xtape/dist/long_wait.hpp>

namespace xtape::dist::detail {
namespace {

bool left_by_error = false;  // a world, and its ranks are to end
Link* whole = nullptr;       // the world of the whole program, while it is there
pid_t process = 0;           // that it is of: a fork has nothing of MPI
std::terminate_handler handler_before = nullptr;

int own_rank() {
  int rank = 0;
  return MPI_Comm_rank(MPI_COMM_WORLD, &rank) == MPI_SUCCESS ? rank : -1;
}

/// An exception that nobody catches would end this rank alone.
void on_terminate() {
  if (const std::exception_ptr error = std::current_exception()) tell_and_end(error);
  if (handler_before != nullptr) handler_before();
  std::abort();
}

/// What left a world by an exception has been told by whoever caught it; the others wait for this
/// rank. A program that calls std::exit comes to the end of its world there.
void on_exit() {
  if (getpid() != process || !mpi_runs()) return;
  if (left_by_error) {
    std::fflush(stdout);
    std::fflush(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  if (whole == nullptr || whole->thread != std::this_thread::get_id()) return;
  try {
    end_world(*whole);
  } catch (const std::exception&) {  // nothing is left to be done
  }
}

/// Which rank has left, and after how many exchanges; under way to the next rank of the ring.
struct News {
  std::array<std::uint64_t, 2> rank_and_exchanges;
  MPI_Request request = MPI_REQUEST_NULL;
};

constexpr int news_tag = 1, count_tag = 2;

int previous(const Link& link) { return (link.rank + link.size - 1) % link.size; }
int next(const Link& link) { return (link.rank + 1) % link.size; }

void receive_news(Link& link) {
  std::array<std::uint64_t, 2> news{};
  check(MPI_Recv(news.data(), 2, MPI_UINT64_T, previous(link), news_tag, link.ending,
                 MPI_STATUS_IGNORE),
        "MPI_Recv");
  ++link.news;
  if (news[1] >= link.left_after) return;
  link.left = static_cast<int>(news[0]);
  link.left_after = news[1];
}

}  // namespace

void end_all(const std::string& why) {
  std::fflush(stdout);
  if (mpi_runs()) {
    std::fprintf(stderr, "rank %d: %s\n", own_rank(), why.c_str());
    std::fflush(stderr);
    MPI_Abort(MPI_COMM_WORLD, 1);
  } else {
    std::fprintf(stderr, "%s\n", why.c_str());
  }
  std::_Exit(1);
}

void tell_and_end(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& what) {
    end_all(what.what());
  } catch (...) {
    end_all("an exception that is no std::exception");
  }
}

void watch_errors() {
  static const bool once = [] {
    process = getpid();
    handler_before = std::set_terminate(on_terminate);
    return std::atexit(on_exit) == 0;
  }();
  static_cast<void>(once);
}

void set_whole(Link* link) noexcept { whole = link; }

void end_world(Link& link) {
  if (link.ended) return;
  link.ended = true;
  if (whole == &link) whole = nullptr;
  if (link.alone() || !mpi_runs()) return;
  if (link.size > 1) leave_together(link);
  MPI_Comm_free(&link.communicator);
  MPI_Comm_free(&link.ending);
  if (link.began) check(MPI_Finalize(), "MPI_Finalize");
}

void note_error() noexcept { left_by_error = true; }

void hear_of_leaving(Link& link) {
  int there = 0;
  check(MPI_Iprobe(previous(link), news_tag, link.ending, &there, MPI_STATUS_IGNORE), "MPI_Iprobe");
  if (there != 0) receive_news(link);
}

void leave_together(Link& link) {
  MPI_Request all_there = MPI_REQUEST_NULL;
  check(MPI_Ibarrier(link.ending, &all_there), "MPI_Ibarrier");
  if (link.exchanges < link.left_after) {
    link.left = link.rank;
    link.left_after = link.exchanges;
  }
  std::list<News> sent;  // of ranks that left ever earlier
  LongWait waited(link, "the end of the world");
  for (int over = 0; over == 0;) {
    if (sent.empty() || link.left_after < sent.back().rank_and_exchanges[1]) {
      News& news =
          sent.emplace_back(News{{static_cast<std::uint64_t>(link.left), link.left_after}});
      check(MPI_Isend(news.rank_and_exchanges.data(), 2, MPI_UINT64_T, next(link), news_tag,
                      link.ending, &news.request),
            "MPI_Isend");
    }
    check(MPI_Test(&all_there, &over, MPI_STATUS_IGNORE), "MPI_Test");
    hear_of_leaving(link);
    waited.tell_once();
    std::this_thread::yield();
  }
  // What is still on its way goes with the communicator: nobody may be left with it.
  std::uint64_t own = sent.size(), others = 0;
  check(MPI_Sendrecv(&own, 1, MPI_UINT64_T, next(link), count_tag, &others, 1, MPI_UINT64_T,
                     previous(link), count_tag, link.ending, MPI_STATUS_IGNORE),
        "MPI_Sendrecv");
  while (link.news < others) receive_news(link);
  for (News& news : sent) check(MPI_Wait(&news.request, MPI_STATUS_IGNORE), "MPI_Wait");
}

}  // namespace xtape::dist::detail
