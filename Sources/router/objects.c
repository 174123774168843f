// Frees an object if its initializer fails or throws. Embedded Swift's library (6.3, EmbeddedRuntime.swift) destroys
// the fields of the object, but leaks its memory. The linker's --wrap directs the call to this function.
#include <stddef.h>

void swift_deallocClassInstance(void *object, size_t size, size_t mask);
void __real_swift_deallocPartialClassInstance(void *object, void *metadata, size_t size, size_t mask);

void __wrap_swift_deallocPartialClassInstance(void *object, void *metadata, size_t size, size_t mask) {
    __real_swift_deallocPartialClassInstance(object, metadata, size, mask);
    swift_deallocClassInstance(object, size, mask);
}
