// What libscitokens needs for the same work: `scitoken_deserialize` and `enforcer_test`, one token after the other.
//
// Standard input has the issuer, the audience and its key set, then one token on each line and an empty line, and then, for each
// round, how often all tokens are judged. Keys come from the library's own cache file, which the caller has filled, and not from the
// line. Prints `ready`, and the microseconds per token of each round: elapsed, and of the processor.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <string>
#include <vector>

#include <scitokens/scitokens.h>

namespace {
[[noreturn]] void fail(const char *what, const char *why) {
    std::fprintf(stderr, "%s: %s\n", what, why ? why : "?");
    std::exit(1);
}
} // namespace

int main() {
    std::string issuer, audience, jwks, line;
    std::getline(std::cin, issuer);
    std::getline(std::cin, audience);
    std::getline(std::cin, jwks);
    std::vector<std::string> tokens;
    while (std::getline(std::cin, line) && !line.empty()) tokens.push_back(line);

    char *error = nullptr;
    const char *issuers[] = {issuer.c_str(), nullptr};
    const char *audiences[] = {audience.c_str(), nullptr};
    Enforcer enforcer = enforcer_create(issuer.c_str(), audiences, &error);
    if (!enforcer) fail("enforcer_create", error);
    const Acl acl{"read", "/store/file"};

    std::cout << "ready" << std::endl;
    while (std::getline(std::cin, line) && !line.empty()) {
        const int times = std::stoi(line);
        const auto start = std::chrono::steady_clock::now();
        const std::clock_t used = std::clock();
        for (int time = 0; time < times; ++time) {
            for (const auto &text : tokens) {
                SciToken token = nullptr;
                if (scitoken_deserialize(text.c_str(), &token, issuers, &error)) fail("scitoken_deserialize", error);
                if (enforcer_test(enforcer, token, &acl, &error)) fail("enforcer_test", error);
                scitoken_destroy(token);
            }
        }
        const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
        const double processor = 1e6 * static_cast<double>(std::clock() - used) / CLOCKS_PER_SEC;
        const double count = static_cast<double>(times * tokens.size());
        std::cout << spent.count() / count << ' ' << processor / count << std::endl;
    }
    enforcer_destroy(enforcer);
}
