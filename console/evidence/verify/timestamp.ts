// Reading an RFC 3161 time stamp (src/beffroi/evidence/timestamp.py): over what, when, and whether its signature is that
// of the certificate inside it. Whether that certificate is an authority's is left to the command line.

import { type Bytes, latin, same, toHex } from './bytes';
import { BOOLEAN, CONTEXT, type Der, DerError, GENERALIZED_TIME, INTEGER, NULL, OCTETS, OID, type Parts, SEQUENCE, SET, UTC_TIME, only, pair, readDer, sequence } from './der';
import { type Hash, type PublicKey, readKey, signed } from './stampkey';

export const MAX_TOKEN = 65_536;

const [SIGNED_DATA, TST_INFO] = ['2a864886f70d010702', '2a864886f70d0109100104'];
const [CONTENT_TYPE, MESSAGE_DIGEST] = ['2a864886f70d010903', '2a864886f70d010904'];
const [ESS_1, ESS_2] = ['2a864886f70d010910020c', '2a864886f70d010910022f'];
const [EXT_KEY_USAGE, TIME_STAMPING] = ['551d25', '2b06010505070308'];
const RSA = '2a864886f70d010101';
const ELLIPTIC = '2a8648ce';
const DIGESTS = new Map<string, Hash>([
  ['608648016503040201', 'SHA-256'],
  ['608648016503040202', 'SHA-384'],
  ['608648016503040203', 'SHA-512'],
]);
const SIGNERS = new Map<string, Hash>([
  ['2a864886f70d01010b', 'SHA-256'],
  ['2a864886f70d01010c', 'SHA-384'],
  ['2a864886f70d01010d', 'SHA-512'],
  ['2a8648ce3d040302', 'SHA-256'],
  ['2a8648ce3d040303', 'SHA-384'],
  ['2a8648ce3d040304', 'SHA-512'],
]);
const GRANTED = '3003020100';
const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\.\d{0,8}[1-9])?Z$/;

/** It is read, and does not hold; the text names what. */
export class StampRefused extends Error {}

export interface Stamp {
  imprint: Bytes;
  /** UTC, in the order of time. */
  time: string;
}

export async function readStamp(raw: Bytes): Promise<Stamp> {
  if (raw.length > MAX_TOKEN) throw new DerError('TimeStampResp');
  const answer = sequence(readDer(raw, 'TimeStampResp'), 'TimeStampResp');
  if (toHex(answer.take(SEQUENCE, 'PKIStatusInfo').raw) !== GRANTED) throw new DerError('PKIStatusInfo');
  const token = answer.take(SEQUENCE, 'TimeStampToken').parts('TimeStampToken');
  answer.done();
  if (token.any('ContentType').oid('ContentType') !== SIGNED_DATA) throw new DerError('ContentType');
  const whole = only(token.take(CONTEXT, 'SignedData'), SEQUENCE, 'SignedData').parts('SignedData');
  token.done();
  if (toHex(whole.take(INTEGER, 'CMSVersion').body) !== '03') throw new DerError('CMSVersion');
  const digests = whole.take(SET, 'DigestAlgorithms');
  const content = whole.take(SEQUENCE, 'EncapsulatedContentInfo').parts('EncapsulatedContentInfo');
  if (content.any('eContentType').oid('eContentType') !== TST_INFO) throw new DerError('eContentType');
  const info = only(content.take(CONTEXT, 'eContent'), OCTETS, 'eContent').body;
  content.done();
  const certificates = whole.take(CONTEXT, 'CertificateSet').parts('CertificateSet').rest();
  const signer = only(whole.take(SET, 'SignerInfos'), SEQUENCE, 'SignerInfo').parts('SignerInfo');
  whole.done();
  const stamp = tstInfo(info);
  await checkSigner(signer, digests, certificates, info, stamp);
  return stamp;
}

async function checkSigner(signer: Parts, digests: Der, certificates: readonly Der[], info: Bytes, stamp: Stamp): Promise<void> {
  if (toHex(signer.take(INTEGER, 'SignerInfo').body) !== '01') throw new DerError('SignerInfo');
  const [issuer, serial] = pair(signer.take(SEQUENCE, 'SignerIdentifier'), 'SignerIdentifier');
  const given = signer.take(SEQUENCE, 'DigestAlgorithm');
  if (!same(digests.body, given.raw)) throw new DerError('DigestAlgorithms');
  const digest = DIGESTS.get(algorithm(given, 'DigestAlgorithm'));
  if (digest === undefined) throw new DerError('DigestAlgorithm');
  const attributes = signer.take(CONTEXT, 'SignedAttributes');
  const method = algorithm(signer.take(SEQUENCE, 'SignatureAlgorithm'), 'SignatureAlgorithm');
  const signature = signer.take(OCTETS, 'SignatureValue').body;
  signer.done();
  const found = readAttributes(attributes);
  const own = certificates.map(readCertificate).filter((one) => same(one.issuer, issuer.raw) && same(one.serial, serial.raw));
  if (own.length !== 1) throw new DerError('CertificateSet');
  const certificate = own[0]!;
  if (found.get(CONTENT_TYPE)!.oid('ContentType') !== TST_INFO) throw new StampRefused('ContentType');
  if (!same(found.get(MESSAGE_DIGEST)!.body, await hash(digest, info))) throw new StampRefused('MessageDigest');
  await checkNamed(found, certificate.raw);
  checkPurpose(certificate.rest);
  if (stamp.time < certificate.begins || certificate.ends < stamp.time) throw new StampRefused('Validity');
  if (method !== RSA && SIGNERS.get(method) !== digest) throw new DerError('SignatureAlgorithm');
  const message = attributes.raw.slice();
  message[0] = SET; // what is signed is the set under its own tag (RFC 5652 §5.4)
  const key: PublicKey = readKey(certificate.key, method.startsWith(ELLIPTIC));
  if (!(await signed(message, signature, key, digest))) throw new StampRefused('SignatureValue');
}

async function hash(name: Hash | 'SHA-1', data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest(name, data));
}

function readAttributes(given: Der): Map<string, Der> {
  const found = new Map<string, Der>();
  for (const item of given.parts('SignedAttributes').rest()) {
    const attribute = sequence(item, 'Attribute');
    const kind = attribute.any('Attribute').oid('Attribute');
    const values = attribute.take(SET, 'Attribute');
    attribute.done();
    if (found.has(kind)) throw new DerError('Attribute');
    found.set(kind, readDer(values.body, 'Attribute'));
  }
  if (!found.has(CONTENT_TYPE) || !found.has(MESSAGE_DIGEST) || !(found.has(ESS_1) || found.has(ESS_2))) {
    throw new DerError('SignedAttributes');
  }
  return found;
}

/** The signature names the certificate that it was made under: the first of its list. */
async function checkNamed(attributes: Map<string, Der>, certificate: Bytes): Promise<void> {
  for (const kind of [ESS_1, ESS_2]) {
    const value = attributes.get(kind);
    if (value === undefined) continue;
    const list = sequence(value, 'SigningCertificate').take(SEQUENCE, 'SigningCertificate').parts('SigningCertificate');
    const first = list.take(SEQUENCE, 'ESSCertID').parts('ESSCertID');
    const chosen = kind === ESS_2 ? first.maybe(SEQUENCE) : null;
    const name = kind === ESS_1 ? 'SHA-1' : chosen === null ? 'SHA-256' : DIGESTS.get(algorithm(chosen, 'ESSCertID'));
    if (name === undefined) throw new DerError('ESSCertID');
    if (!same(first.take(OCTETS, 'ESSCertID').body, await hash(name, certificate))) throw new StampRefused('ESSCertID');
  }
}

function tstInfo(raw: Bytes): Stamp {
  const top = sequence(readDer(raw, 'TSTInfo'), 'TSTInfo');
  if (toHex(top.take(INTEGER, 'TSTInfo').body) !== '01') throw new DerError('TSTInfo');
  top.take(OID, 'TSAPolicyId').oid('TSAPolicyId');
  const [kind, imprint] = pair(top.take(SEQUENCE, 'MessageImprint'), 'MessageImprint');
  if (DIGESTS.get(algorithm(kind, 'MessageImprint')) !== 'SHA-256' || imprint.tag !== OCTETS) throw new DerError('MessageImprint');
  top.take(INTEGER, 'TSTInfo');
  const time = readTime(top.take(GENERALIZED_TIME, 'genTime'), 'genTime');
  for (const tag of [SEQUENCE, BOOLEAN, INTEGER, CONTEXT, CONTEXT + 1]) top.maybe(tag); // accuracy to extensions
  top.done();
  return { imprint: imprint.body, time };
}

interface Certificate {
  raw: Bytes;
  serial: Bytes;
  issuer: Bytes;
  begins: string;
  ends: string;
  key: Der;
  rest: readonly Der[];
}

function readCertificate(given: Der): Certificate {
  const tbs = sequence(given, 'Certificate').take(SEQUENCE, 'TBSCertificate').parts('TBSCertificate');
  tbs.take(CONTEXT, 'Version');
  const serial = tbs.take(INTEGER, 'SerialNumber').raw;
  tbs.take(SEQUENCE, 'TBSCertificate');
  const issuer = tbs.take(SEQUENCE, 'Issuer').raw;
  const [from, to] = pair(tbs.take(SEQUENCE, 'Validity'), 'Validity');
  const [begins, ends] = [readTime(from, 'Validity'), readTime(to, 'Validity')];
  tbs.take(SEQUENCE, 'Subject');
  const key = tbs.take(SEQUENCE, 'SubjectPublicKeyInfo');
  return { raw: given.raw, serial, issuer, begins, ends, key, rest: tbs.rest() };
}

/** It is for time stamps, and for nothing else (RFC 3161 §2.3). */
function checkPurpose(rest: readonly Der[]): void {
  const extensions = rest.filter((one) => one.tag === CONTEXT + 3);
  if (extensions.length !== 1) throw new StampRefused('ExtKeyUsage');
  for (const item of only(extensions[0]!, SEQUENCE, 'Extensions').parts('Extensions').rest()) {
    const extension = sequence(item, 'Extensions');
    if (extension.any('Extensions').oid('Extensions') !== EXT_KEY_USAGE) continue;
    const critical = extension.maybe(BOOLEAN);
    const value = extension.take(OCTETS, 'ExtKeyUsage');
    const purposes = sequence(readDer(value.body, 'ExtKeyUsage'), 'ExtKeyUsage').rest();
    const names = purposes.map((one) => one.oid('ExtKeyUsage')).join(' ');
    const stands = critical !== null && critical.body.length === 1 && critical.body[0] === 0xff;
    if (!stands || names !== TIME_STAMPING) throw new StampRefused('ExtKeyUsage');
    return;
  }
  throw new StampRefused('ExtKeyUsage');
}

function algorithm(given: Der, what: string): string {
  const parts = sequence(given, what);
  const found = parts.any(what).oid(what);
  const nothing = parts.maybe(NULL);
  parts.done();
  if (nothing !== null && nothing.body.length > 0) throw new DerError(what);
  return found;
}

function readTime({ tag, body }: Der, what: string): string {
  let text = latin(body.subarray(0, 40));
  if (tag === UTC_TIME && body.length === 13) text = (text.slice(0, 2) >= '50' ? '19' : '20') + text;
  else if (tag !== GENERALIZED_TIME || body.length > 40) throw new DerError(what);
  const match = TIME.exec(text);
  if (match === null || match[1]! < '1950') throw new DerError(what);
  const [year, month, day, hour, minute, second] = match.slice(1, 7) as [string, string, string, string, string, string];
  const found = `${year}-${month}-${day} ${hour}:${minute}:${second}`;
  const date = new Date(Date.UTC(+year, +month - 1, +day, +hour, +minute, +second));
  if (date.toISOString().slice(0, 19).replace('T', ' ') !== found) throw new DerError(what);
  return found + (match[7] ?? '');
}
