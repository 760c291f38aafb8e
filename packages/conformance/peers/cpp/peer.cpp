// scitokens-cpp behind one line per question. Fields are separated by a space and written in base64url, a list as fields joined by
// commas, the empty field or list as "-":
//
//   PROFILE ISSUERS AUDIENCES OP AUTHZ PATH TOKEN
//
// OP is a case's, or "deserialize" for signature and times alone. The answer is an outcome, then its message or its list of
// AUTHZ,PATH pairs in the same spelling. Keys come from the library's own cache file, which whoever asks has filled.
#include <scitokens/scitokens.h>

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

namespace {

const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string decode(const std::string &text) {
    std::string bytes;
    unsigned int buffer = 0;
    int bits = 0;
    if (text == "-") return bytes;
    for (char letter : text) {
        const std::size_t value = std::string(ALPHABET).find(letter);
        if (value == std::string::npos) continue;
        buffer = buffer << 6 | static_cast<unsigned int>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>(buffer >> bits & 0xff);
        }
    }
    return bytes;
}

std::string encode(const std::string &bytes) {
    std::string text;
    unsigned int buffer = 0;
    int bits = 0;
    for (unsigned char byte : bytes) {
        buffer = buffer << 8 | byte;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text += ALPHABET[buffer >> bits & 0x3f];
        }
    }
    if (bits > 0) text += ALPHABET[buffer << (6 - bits) & 0x3f];
    return text.empty() ? "-" : text;
}

std::vector<std::string> decodeList(const std::string &text) {
    std::vector<std::string> items;
    std::stringstream fields(text);
    std::string field;
    if (text == "-") return items;
    while (std::getline(fields, field, ',')) items.push_back(decode(field));
    return items;
}

// A list of C strings as the library wants it, ended by a null pointer.
std::vector<const char *> pointers(const std::vector<std::string> &items) {
    std::vector<const char *> list;
    for (const std::string &item : items) list.push_back(item.c_str());
    list.push_back(nullptr);
    return list;
}

SciTokenProfile profileOf(const std::string &name) {
    if (name == "scitoken:1.0") return SCITOKENS_1_0;
    if (name == "scitoken:2.0") return SCITOKENS_2_0;
    if (name == "wlcg:1.x") return WLCG_1_0;
    if (name == "at+jwt") return AT_JWT;
    return COMPAT;
}

struct Question {
    std::string profile, operation, authz, path, token;
    std::vector<std::string> issuers, audiences;
};

std::string no(const std::string &outcome, char *message) {
    const std::string text = message ? message : "";
    free(message);
    return outcome + " " + encode(text);
}

std::string judge(const Question &question, SciToken token, Enforcer enforcer) {
    char *message = nullptr;
    if (question.operation == "test") {
        Acl acl{question.authz.c_str(), question.path.c_str()};
        if (enforcer_test(enforcer, token, &acl, &message) == 0) return "allow -";
        free(message);
        message = nullptr;
        // The library has one "no" for both; whether it can list the token's rights tells which it was.
    }
    Acl *acls = nullptr;
    if (enforcer_generate_acls(enforcer, token, &acls, &message) != 0) return no("invalid", message);
    std::string listed;
    for (Acl *acl = acls; acl && (acl->authz || acl->resource); ++acl) {
        listed += (listed.empty() ? "" : ",") + encode(acl->authz) + ":" + encode(acl->resource);
    }
    enforcer_acl_free(acls);
    if (question.operation == "test") return "deny -";
    return "allow " + (listed.empty() ? std::string("-") : listed);
}

std::string answer(const Question &question) {
    char *message = nullptr;
    SciToken token = scitoken_create(nullptr);
    scitoken_set_deserialize_profile(token, profileOf(question.profile));
    const auto issuers = pointers(question.issuers);
    if (scitoken_deserialize_v2(question.token.c_str(), token, issuers.data(), &message) != 0) {
        scitoken_destroy(token);
        return no("invalid", message);
    }
    // All that there is to ask without an audience: an enforcer compares it always.
    if (question.operation == "deserialize") {
        scitoken_destroy(token);
        return "allow -";
    }
    // An enforcer knows one issuer: that of the token, which has been compared with the list.
    char *issuer = nullptr;
    if (scitoken_get_claim_string(token, "iss", &issuer, &message) != 0) {
        scitoken_destroy(token);
        return no("invalid", message);
    }
    const auto audiences = pointers(question.audiences);
    Enforcer enforcer = enforcer_create(issuer, const_cast<const char **>(audiences.data()), &message);
    free(issuer);
    if (!enforcer) {
        scitoken_destroy(token);
        return no("error", message);
    }
    enforcer_set_validate_profile(enforcer, profileOf(question.profile));
    const std::string result = judge(question, token, enforcer);
    enforcer_destroy(enforcer);
    scitoken_destroy(token);
    return result;
}

}  // namespace

int main() {
    std::string line;
    while (std::getline(std::cin, line)) {
        std::stringstream fields(line);
        std::string profile, issuers, audiences, operation, authz, path, token;
        fields >> profile >> issuers >> audiences >> operation >> authz >> path >> token;
        Question question{decode(profile), decode(operation), decode(authz), decode(path), decode(token),
                          decodeList(issuers), decodeList(audiences)};
        std::cout << answer(question) << std::endl;
    }
}
