// Makes a token with scitokens-cpp. Reads lines: PROFILE, ALG, KID, public key file, private key file, ISSUER, lifetime in seconds,
// then NAME=VALUE per claim; a value that begins with "[" is a list, its items separated by spaces. Writes the token.
#include <scitokens/scitokens.h>

#include <iostream>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

std::string readLine() {
    std::string line;
    std::getline(std::cin, line);
    return line;
}

std::string readFile(const std::string &path) {
    std::ifstream file(path);
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
}

int fail(const char *message) {
    std::cerr << (message ? message : "scitokens-cpp gave no reason") << std::endl;
    return 1;
}

int setClaim(SciToken token, const std::string &name, const std::string &value, char **message) {
    if (value.empty() || value[0] != '[') return scitoken_set_claim_string(token, name.c_str(), value.c_str(), message);
    std::vector<std::string> items;
    std::stringstream words(value.substr(1, value.size() - 2));
    for (std::string word; words >> word;) items.push_back(word);
    std::vector<const char *> list;
    for (const std::string &item : items) list.push_back(item.c_str());
    list.push_back(nullptr);
    return scitoken_set_claim_string_list(token, name.c_str(), list.data(), message);
}

}  // namespace

int main() {
    char *message = nullptr;
    const std::string profile = readLine(), alg = readLine(), kid = readLine();
    const std::string publicKey = readFile(readLine()), privateKey = readFile(readLine());
    const std::string issuer = readLine();
    const int lifetime = std::stoi(readLine());
    SciTokenKey key = scitoken_key_create(kid.c_str(), alg.c_str(), publicKey.c_str(), privateKey.c_str(), &message);
    if (!key) return fail(message);
    SciToken token = scitoken_create(key);
    scitoken_set_serialize_mode(token, profile == "scitoken:1.0"   ? SCITOKENS_1_0
                                       : profile == "scitoken:2.0" ? SCITOKENS_2_0
                                       : profile == "wlcg:1.x"     ? WLCG_1_0
                                                                   : AT_JWT);
    scitoken_set_lifetime(token, lifetime);
    if (setClaim(token, "iss", issuer, &message) != 0) return fail(message);
    for (std::string line; std::getline(std::cin, line);) {
        const auto at = line.find('=');
        if (setClaim(token, line.substr(0, at), line.substr(at + 1), &message) != 0) return fail(message);
    }
    char *text = nullptr;
    if (scitoken_serialize(token, &text, &message) != 0) return fail(message);
    std::cout << text << std::endl;
    return 0;
}
