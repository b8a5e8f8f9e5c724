import { constants } from 'node:os';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatAddress, isLoopback, socketAddress } from '../../shared/address.js';
import {
  connectError,
  describe,
  errorCode,
  listenError,
  lostError,
  OperationalError,
  stdoutError,
} from '../../shared/errors.js';
import { optionalNumber } from '../../shared/options.js';
import { formatTable } from '../../shared/table.js';

const HERE = { host: '127.0.0.1', port: 2000 };

function system(code: string): Error {
  return Object.assign(new Error(`something ${code}`), { code });
}

test('an error without a code is described by its message', () => {
  const cause = new Error('no reason');
  assert.is(stdoutError(cause).code, 'UNKNOWN');
  assert.is(stdoutError(system('EIO')).code, 'EIO');
  assert.match(lostError(cause, HERE).message, 'lost the connection to 127.0.0.1:2000: no reason');
  assert.match(lostError(system('EPIPE'), HERE).message, 'the server has closed it');
});

test('an optional number may be left out', () => {
  const { coerce } = optionalNumber('--n', 1, 9, 'a number');
  assert.is(coerce(undefined), undefined);
  assert.is(coerce('7'), 7);
});

test('columns are as wide as their widest cell, also where a row is shorter or longer than the first', () => {
  assert.equal(formatTable([]), []);
  assert.equal(formatTable([['a'], ['b', 'c']]), ['a', 'b  c']);
  assert.equal(
    formatTable([['a', '1'], ['bcd', '22', 'more'], ['e']], (column) => column > 0),
    ['a     1', 'bcd  22  more', 'e'],
  );
});

test('an address is HOST:PORT, with brackets around IPv6', () => {
  assert.is(formatAddress(HERE), '127.0.0.1:2000');
  assert.is(formatAddress({ host: '::1', port: 2000 }), '[::1]:2000');
  assert.equal(socketAddress(undefined, undefined), { host: '?', port: 0 });
});

test('loopback addresses are recognized in every notation', () => {
  const loopback = (host: string) => isLoopback({ host, port: 1 });
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', '::1%lo', '::ffff:127.0.0.1'])
    assert.ok(loopback(host), host);
  for (const host of ['0.0.0.0', '::', '10.127.0.1', '::ffff:10.0.0.1', 'fe80::1%lo', '?'])
    assert.not(loopback(host), host);
});

test('each listen error has a hint', () => {
  for (const [code, advice] of [
    ['EADDRINUSE', 'lsof -i :2000 shows by whom'],
    ['EACCES', 'take a higher one'],
    ['EADDRNOTAVAIL', 'use 127.0.0.1, or 0.0.0.0'],
    ['ENOTFOUND', 'cannot find the host 127.0.0.1'],
    ['EWHATEVER', 'cannot listen on 127.0.0.1:2000: something EWHATEVER'],
  ] as const) {
    const error = listenError(system(code), HERE);
    assert.instance(error, OperationalError);
    assert.is(error.code, code);
    assert.is((error.cause as { code?: string }).code, code);
    assert.match(error.message, advice);
  }
});

test('each connect error has a hint', () => {
  for (const [code, advice] of [
    ['ECONNREFUSED', 'no server at 127.0.0.1:2000; start one first, with: strsvr 2000'],
    ['ENOTFOUND', 'cannot find the host 127.0.0.1'],
    ['EHOSTUNREACH', 'cannot connect to 127.0.0.1:2000: something EHOSTUNREACH'],
  ] as const) {
    const error = connectError(system(code), HERE, 'strsvr');
    assert.is(error.code, code);
    assert.match(error.message, advice);
  }
});

test('an errno unknown to libuv has the system’s name', () => {
  const code = `Unknown system error -${constants.errno.EDQUOT}`; // as Node.js says it
  const error = Object.assign(new Error(`${code}: ${code}, write`), { code });
  assert.is(errorCode(error), 'EDQUOT');
  assert.is(describe(error), 'EDQUOT: EDQUOT, write');
  assert.is(errorCode(system('Unknown system error -4095')), 'errno 4095');
});

test('an error without a system code is described by its message', () => {
  assert.is(errorCode(new Error('plain')), undefined);
  assert.is(errorCode(Object.assign(new Error('odd'), { code: 7 })), undefined);
  assert.is(errorCode('text'), undefined);
  assert.is(listenError('text', HERE).message, 'cannot listen on 127.0.0.1:2000: text');
  assert.is(connectError(new Error('plain'), HERE, 'strsvr').code, 'UNKNOWN');
});

test.run();
