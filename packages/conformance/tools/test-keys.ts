import { createPublicKey } from 'node:crypto'
import { type PrivateJwk, publicForm } from '../src/index.ts'

/**
 * Keys for tests only: everybody has them. `other` and `attacker` have the `kid` of `ec`; `rsa1024` and `rsa-e3` are too weak
 * to be accepted.
 */
export const TEST_KEYS: Readonly<Record<string, PrivateJwk>> = {
  ec: {
    kty: 'EC',
    kid: 'ec',
    alg: 'ES256',
    use: 'sig',
    crv: 'P-256',
    x: 'MyCVmFSbynr5Q2gbKrZiwgHgOrVEo71VQ9efxiFYhSE',
    y: 'hIED0PAQyCe5xxuUTlaMncb3IPsCrJB1rbw0ojADHks',
    d: 'sLFoBYglfwce2lcXOhcCahfJfnPwo4g-bD38_pWawo0',
  },
  rsa: {
    kty: 'RSA',
    kid: 'rsa',
    alg: 'RS256',
    use: 'sig',
    n: '3_KtJmNJ5D9zT6oUt_9h7jl0ukNWfLN_qUy7MkVJhRHTM3g-LMkpG8U_DJYPa_SiKbsNi0JzDQkhVPYGYM1eNVe1AMZ3y87-QnDSBGAYE-orIt57uwkWgh4lNztQOJyDA_MlyOzm7cLNOIxAZGSb4gERSdYjKFIsK97JB2NusEsqvxBPjmLRooPG3TN7lYT9ca0XDHd1kS6SEqJXFjuIEtItGGEu3D8yahwofqaom0K3HjwUsqJFjx0H1Rdcv3rOYg_NGoRGdnioHRChcI-nCu-80Clzxy7q67trItjur0dSdRKuzmna0diUbOwCaliMB7hUTXwtDSI7Z0djmhiGGw',
    e: 'AQAB',
    d: 'B3QMXDiLZzEkwCmBIAXmt1F_4jUchfD0Fj6LWmcg78YB7qFusaSOSDIpNjIxAt70815E20t-XcLd3PXajNKOSJ3fKc6b174ktdxgY6yOZeycu-qGBARk6eFhTAnJfTYu9sIwZz6vNDQ6tUpBrbWwKcuZojNMyepA4G2Sk5A1HmE0xkcWgNZWCnfkqnwUMxKR0Bl1eNOl0vjP7fytQYKM3FuDanorRtb_vsOa4uzz0jG94h8V0h2DkYjU_MRmVk1hRwVnqoKmj13tJifgPTgcvSu-drSk8VCakHit0JcUsCCJ3n7ipMeuURIVoLrH4mzuauDh7mcfGlE2Gb6cwBniHQ',
    p: '-G6y2g8Zd52iE16Q6Y34H2wa57kyC4uQXCwuBzJcl3wSJNFxPC0L6d3PBPWEZP66yUJLMYaF67Qkzja9HLVGwPgvGZFIpARqEvFrpvLkGybecCE2dfnkL0UCM5780nR-XUB_lX12ttSX3TLDVbn9dbwHOMYbHlCMGNoWgt5uSfU',
    q: '5sULnsfRyYC7imkWuVSDKKDvU-4k7K2TYpUbBmBD1UW92Tam-UaIt7RDZi2B8vZPd0FAzW-E55dvkQve2DkvEw8SZ4fJkFRiSLcENzfGbcCu2c4jDlEIURJraDsBf6LEL2-FuNvvPIxlJ6YW_0rBh2wH3XdVJN4n9IxdKltPNc8',
    dp: 'cVa3e-pFmR-uUJ3lCNh_KX69a5g-76t1aceyHBBq06WD9Y4j1etLMx_BkaadByJ7ftQiz-5qbJUb8YRhlJZTODhB7K0ucb2d0xSXI2xOiuCZvJg6a2pdIv-duIVBHJaPC-YgDshVf6XPvteo7BRVQQBOXyVqO9NNhw0AFiZ6NH0',
    dq: 'q1Bki_8zEi_rCZlyMSs4IxU2FkyYRMumumyOn3EfalhX08Tqt-tQ22-LCXOHIOMRoyph_SBovbSCMl9pk4MAG1n5A7qeO_Mo82pKSuOw_xEnvLF2_M3TKrxN2BbVyfb_RWe5Eb7UH1LqVUDLmcHZYbslK5fHMZNqffUlxKf8aak',
    qi: 'C-HMIA7h4KnCJti8IHmhLfgnty8t21tkfwTpTQkPOrGXD4NJdoluptVQz3w_PY_SSgoF3nm7QDBgUE4d5gmGjWmPkMl4KqfGVlnRp5fgasGbVc8F6xzNAbllWNf5wJESUgOaQ_25dcVw5XVKN3OY4yphp3nd9XJLaGoLk6YXlq8',
  },
  ec384: {
    kty: 'EC',
    kid: 'ec384',
    alg: 'ES384',
    use: 'sig',
    crv: 'P-384',
    x: '7CzUgSBifDdSETsRfc1-qXWXi0ZCHKj2DCyzDqedW2VbShr-e9dmRtQNSO5L9plc',
    y: 'FUxWxZKY-2gVYbqsiGZFMegjjuKIFFbW2d3ArNEW2JxBOiaziDBgS0cmdEKj-RLy',
    d: 'qgsHT8tftQ0zgyW8k6YDSqKNQ4s2ITgzdzBihmkJVAK5XgzIeffIj-rWP79uyxE5',
  },
  ed: {
    kty: 'OKP',
    kid: 'ed',
    alg: 'EdDSA',
    use: 'sig',
    crv: 'Ed25519',
    x: 'Ixavx4maRhFrlKc2UFkfRW_t2mSq06BdRxcfRWMkV4Y',
    d: '6iWMrQifkzOaMavcrmMj4AkeqKwYx7-3G84x8hUKAAM',
  },
  other: {
    kty: 'EC',
    kid: 'ec',
    alg: 'ES256',
    use: 'sig',
    crv: 'P-256',
    x: '72_DEQfJ-XsvMGwh2CbNZlaQTF_qDLa5azQ9a9ug0Qk',
    y: 'wRdfcgii-XHgreBf-ka0R8qUSLwIHbdARIRopiCWs9s',
    d: '1tf-9HVKUsp0SDZI7IoFfOMa28SOnL2iMAyigBcfYXw',
  },
  attacker: {
    kty: 'EC',
    kid: 'ec',
    alg: 'ES256',
    use: 'sig',
    crv: 'P-256',
    x: 'V0Rl7dKn4fEp4ntP4s1vRaRgk8_1U91azULBCuyLnqM',
    y: 'SFEHDf8DxCGmYekVCq_kywPmMdXBxDNWiEuPucCrCoo',
    d: 'Q_sAz7j_vq3AxcXe3NQ2wnTOUoAYlWkz_mQvyyIkOLw',
  },
  rsa1024: {
    kty: 'RSA',
    kid: 'rsa1024',
    alg: 'RS256',
    use: 'sig',
    n: '4Hjz5tYEtTtSYerCP4EmEuSKB0itDEF2vo41ZIiVhdcD5fe-q2eE4anBkXpAfehFDonsniUhg05H9nPyUkI5zpsioVmsSSJ-kd00pKbomIWZx7o83kW8uiTt3DWFhnLVEIjIuRjILT4yT04kWAP7_erYhk6rhDbO8U36MYe_0yk',
    e: 'AQAB',
    d: 'JyxUfCtLRQlmNhpO7eAu8csaX20KbgIao-STYskHNwUv8_kJOEZnhS4nzqiECrT3IDNnrK2ULKMDofnYBwzxo030Y6H2cyWUXRY5tMdEpplzk0JvWkAvW5RCJvsYg52VLiEyBz7i6bqgrveEtP7xdWvfNrQ0mZSRQlN1MFl5cAE',
    p: '9WYlVZYM7bRcP1HazTlDI8nrJNsoLcvOKdvu7sUFBkq-Q2Kvz4fopKoCocbXNfDEv5M46K_T7--4xw5ZrtJOAQ',
    q: '6ithqafcF0EvZ0Cet8lkEDhgbAxNjPLI79EwPgLmxjaRm6N90QaYJSx90quzFgTbteZcbkIcoa908kiJmitVKQ',
    dp: 'HBc7QtbQWA2DWcQ29bMOWnRstGVZ7hQcX3JLoY1wC85WhUQwt-Lo4KCNeJNYY1ZST1O8-fXWnuqkDjU4UujEAQ',
    dq: 'mInn1X8-FHvm6Cik-22Z3CMNVHTzM4SXtfibp1l2gNndIfhvJfFYvKZt1AT65LYHdUd5IG26fuxvjsAHusDNeQ',
    qi: 'M2irGU8XMgx9g-OJaD_dxWwm1yuYczzMK7lWLKXusGo5utcnnxVUUmsdDj-obY_d_oQWjZXhvjwCZGpNGNxt6g',
  },
  'rsa-e3': {
    kty: 'RSA',
    kid: 'rsa-e3',
    alg: 'RS256',
    use: 'sig',
    n: '4TcC7a22PC1s0LdUgi_OMTVZ1zj9c6PW_LCjq_5_DBFFGiNYd9CQx_zSO_EGwhPnWJiQrSTve6-jEZNdDXB8Mg--NTFOUOdVGx7ssNRYTmHneWN6mq1EJ5_H8yPNdM8A2qfcYHhXHMFoAa6_FYi94kwN2Vhz1oEA95nRvXK_XRyVHqGs0FmXnG4OfCCp2bMOHHUzABqBS5Ju7LRoYLHws5s8AuMMLsD29MnmfQSLTizAJMTtLyAhEZOV3SPn-okJw2HE6PLqXPyBND4B3ol_tw-xZW8kraSnCHJYYfGCLDXVF7A50lK54RF6MWaa0WrAEWVvoG5ws7TlM6BB_bw7Iw',
    e: 'Aw',
    d: 'liSsnnPO0sjzNc-NrB_ey3jmj3tTom05_csXx_7_XWDYvBeQT-BghVM20qCvLA1E5bsLHhifp8pstmI-CPWoIV_UI3Y0Ne-OEhSdyzg63uvvpkJRvHOCxRUv920zozSrPG_oQFA6Eyuaq8nUuQXT7DKz5jr35FYApRE2fkx_k2cjEz4Lm_FqL-qj4LCeYfNLD9MymgoqkBuuYRU6Quhtgxs_IRa6BIB6PeAyMTB65j_RHsGPdPEecH6ufClRuol9vDdZGkHL7Hk3zEDybsHFg3INBpNky4Otw_MRtb7H1S53-8MKVJPpawvRG3W-2D_btBQUQZIilK4EMnjuAmDL2w',
    p: '-GvMkXznfxzk6vSGroADxHuuovHtGv2w1EaEDPl8De0tFseK9U9hAeN6IDfb-RPuAUZNzsdGFeCkuqo-_6Omlc9VvDzkbJ3qGdOS0QLOsadr97iFIxDxncd3oSaqa7WwMr2KrdMmt0dycKEgxWW8-Hg0-unkVjo-EAh0aBkCib8',
    q: '6BX4CemH-TepLbaRDcbCWQkJxCceJnW4FRSQhALZPoHFRom1_9ifPbR_evtf2eDfBTBUxzhwXYgw1Xim7b8UN1m5AwSry9xck65JxTWYJcp4piMM6mtthJsOHKqo6ra_7mCA_IBOJHkNT-cVNydN_gsSVlQu5ppxzt92dOEof50',
    dp: 'pZ0zC6iaVL3t8fhZyaqtLafJwfaeEf514tmtXfuoCUjIudpco4pAq-z8FXqSpg1JVi7eidouuUBt0cbUqm0ZuTTj0tNC8xPxZo0Mi1c0dm-dT9BYwgtLvoT6a28cR851dykHHozEei-hoGtrLkPTUFAjUfFC5CbUCrBNmrtXBn8',
    dq: 'mrlQBpuv-3pwySRgs9nW5gYGgsS-xE56uLhgWAHmKavY2bEj_-W_fnhU_KeVO-s_WMrjL3r1k7AgjlBvSSoNejvQrK3H3T2TDR7b2M5lbob7GWyzRvJJAxIJaHHF8c8qnusAqFWJbaYI3-9jehoz_rIMOY10mbxL3z-kTetwVRM',
    qi: 'mBnbIDPzpVqifSvzV9ytyBpSJF-GA4pYShBJUPDZhQk9rhg5WKn8eZzyyK2Ms52z5MiTzn9IX0TtAGlCYHyALXlxgpnlAhhSj9byG1r3aNScSF7Ks_itUmG-0OHF4_-ow5mW2UBeZFpvQHQQnA1Pom1yTOB8w5h8G-0ss1fB3AU',
  },
}

/** The published form of a test key, with members in place of its own; undefined leaves one out. */
export function pub(name: string, changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const members = { ...publicForm(TEST_KEYS[name]!), ...changes }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

/** The public key in other spellings, which attackers use as HMAC secrets. */
export function spelling(name: string, format: 'pem' | 'der' | 'jwk'): Buffer {
  if (format === 'jwk') return Buffer.from(JSON.stringify(pub(name)))
  const key = createPublicKey({ key: pub(name), format: 'jwk' })
  return Buffer.from(key.export({ type: 'spki', format: format as 'pem' }))
}

/** Keys of those who derive tokens of a chain: the holder of the base, and whoever got a middle link. */
export const CHAIN_KEYS: Readonly<Record<string, PrivateJwk>> = {
  holder: {
    kty: 'EC',
    kid: 'holder',
    alg: 'ES256',
    use: 'sig',
    crv: 'P-256',
    x: 'ErklXfCoXcVj63ozWGCFSqUvXU_dHKK56A7TP97exI0',
    y: '5_hl-pmODWy9mYZ1gdQ6sZVOBSGbBK1kn0FskBN1tyc',
    d: 'Nwa_o8OGc4iNgIMQenp6tgXn54xjmct3TKsrRkclfkc',
  },
  helper: {
    kty: 'EC',
    kid: 'helper',
    alg: 'ES256',
    use: 'sig',
    crv: 'P-256',
    x: 'OzfZb-cYPVcIb6_XSXqvc0hlqX27XFzU2IcIdEPTIWM',
    y: 'CHS8AdjyGY8nwV-mXPnrJJuhzKvmZO5L9IkQXfnf31U',
    d: '6QrxK8NZIeb6eyeTFMzqbHecG6Hl1ZuW46m_XSN3_jQ',
  },
}

/** What a `cwk` has of a key: its public members and nothing else. */
export function publicMembers({ kty, crv, x, y, n, e }: PrivateJwk): PrivateJwk {
  return Object.fromEntries(Object.entries({ kty, crv, x, y, n, e }).filter(([, value]) => value !== undefined))
}
