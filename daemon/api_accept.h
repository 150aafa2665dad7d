// How many connections the local API takes: so many that descriptors are left for everything else.
//
// libzmq 4.3.4 ends the process when its ipc listener runs out of descriptors (ipc_listener.cpp,
// accept: EMFILE is not among the errors that it survives), so any local program could end the
// daemon by connecting often enough. It accepts through accept4 of the C library, for which this
// file has another one: what it accepts beyond the bound is closed at once, and libzmq is told that
// the connection was aborted, which it survives. The kernel gives the lowest free descriptor, so
// the number of a new one tells how many there are.
#pragma once

#include <cstddef>

namespace hamroh {

// Descriptors that connections never get: store, log, link, libzmq's own.
inline constexpr std::size_t descriptors_reserved = 64;

// Raises the soft limit of descriptors to at most 4,096 and keeps the reserve free from now on.
void limit_connections();

}  // namespace hamroh
