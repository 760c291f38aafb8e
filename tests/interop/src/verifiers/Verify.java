import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.source.ImmutableJWKSet;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.JSONArrayUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Puts tokens to Nimbus JOSE+JWT. Questions and answers as in verify.py. */
public final class Verify {
    private Verify() {}

    public static void main(String[] arguments) throws Exception {
        String text = new String(System.in.readAllBytes(), StandardCharsets.UTF_8);
        List<Object> answers = new ArrayList<>();
        for (Object question : JSONArrayUtils.parse(text)) answers.add(answer((Map<?, ?>) question));
        System.out.println(JSONArrayUtils.toJSONString(answers));
    }

    private static String answer(Map<?, ?> asked) {
        try {
            String library = (String) asked.get("library");
            JWTClaimsSet claims = library.equals("nimbus-processor") ? process(asked, false)
                : library.equals("nimbus-any-type") ? process(asked, true)
                : byHand(asked);
            return asked.get("issuer").equals(claims.getIssuer()) ? null : "it gave no claims";
        } catch (Exception error) {
            return error.getClass().getSimpleName() + ": " + error.getMessage();
        }
    }

    /** As its documentation recommends; `anyType` for services that take tokens of every `typ`, as at+jwt. */
    private static JWTClaimsSet process(Map<?, ?> asked, boolean anyType) throws Exception {
        DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
        if (anyType) processor.setJWSTypeVerifier((type, context) -> {});
        JWSAlgorithm algorithm = JWSAlgorithm.parse((String) asked.get("alg"));
        processor.setJWSKeySelector(
            new JWSVerificationKeySelector<>(algorithm, new ImmutableJWKSet<>(new JWKSet(key(asked)))));
        JWTClaimsSet exact = new JWTClaimsSet.Builder().issuer((String) asked.get("issuer")).build();
        processor.setJWTClaimsSetVerifier(
            new DefaultJWTClaimsVerifier<>((String) asked.get("audience"), exact, Set.of("exp")));
        return processor.process((String) asked.get("token"), null);
    }

    /** As many programs do: check the signature, take the claims. */
    private static JWTClaimsSet byHand(Map<?, ?> asked) throws Exception {
        SignedJWT token = SignedJWT.parse((String) asked.get("token"));
        // Extensions under crit are the program's matter, and this one does not care.
        Set<String> ignored = Set.of("cwk", "pwt");
        JWK key = key(asked);
        JWSVerifier verifier = asked.get("alg").equals("ES256")
            ? new ECDSAVerifier(key.toECKey().toECPublicKey(), ignored)
            : new RSASSAVerifier(key.toRSAKey().toRSAPublicKey(), ignored);
        if (!token.verify(verifier)) throw new IllegalArgumentException("the signature is not right");
        JWTClaimsSet claims = token.getJWTClaimsSet();
        Object audience = asked.get("audience");
        if (audience != null && !claims.getAudience().contains(audience)) throw new IllegalArgumentException("another audience");
        return claims;
    }

    private static JWK key(Map<?, ?> asked) throws Exception {
        @SuppressWarnings("unchecked")
        Map<String, Object> jwk = (Map<String, Object>) asked.get("key");
        return JWK.parse(jwk);
    }
}
