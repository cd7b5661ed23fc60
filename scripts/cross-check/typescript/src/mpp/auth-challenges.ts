import { refuse } from "../operation.ts";

/** A challenge of RFC 9110, which has a token68 or parameters; their names are in lower case. */
export type AuthChallenge = { scheme: string; token68?: string; parameters: [name: string, value: string][] };

const token = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const token68 = /[A-Za-z0-9._~+/-]+=*(?=[ \t]*(?:,|$))/y;
const equals = /[ \t]*=[ \t]*/y;
const quotedString = /"((?:[\t !#-[\]-~\u0080-\u{10ffff}]|\\[\t -~\u0080-\u{10ffff}])*)"/uy;
const separators = /[ \t]*(?:,[ \t]*)*/y;
const elementEnd = /[ \t]*(?=,|$)/y;
const spaces = / +/y;

/** The challenges of a WWW-Authenticate field value, which is a list of challenges of lists of parameters. */
export function readChallenges(field: string): AuthChallenge[] {
  const challenges: AuthChallenge[] = [];
  let position = 0;
  const accept = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = position;
    const match = pattern.exec(field);
    if (match !== null) position = pattern.lastIndex;
    return match?.[0];
  };
  const expect = (pattern: RegExp): string => accept(pattern) ?? refuse("the field is no list of challenges");
  const readParameter = (name: string): void => {
    const value = accept(token) ?? unquote(expect(quotedString));
    const challenge = challenges.at(-1);
    if (challenge === undefined || challenge.token68 !== undefined) return refuse("a parameter is no challenge's");
    challenge.parameters.push([name.toLowerCase(), value]);
  };

  for (accept(separators); position < field.length; accept(separators)) {
    const name = expect(token);
    if (accept(equals) !== undefined) readParameter(name);
    else {
      const challenge: AuthChallenge = { scheme: name, parameters: [] };
      challenges.push(challenge);
      if (accept(spaces) !== undefined && accept(elementEnd) === undefined) {
        challenge.token68 = accept(token68);
        if (challenge.token68 === undefined) {
          const first = expect(token);
          expect(equals);
          readParameter(first);
        }
      }
    }
    expect(elementEnd);
  }
  return challenges;
}

const unquote = (quoted: string): string => quoted.slice(1, -1).replace(/\\(.)/gsu, "$1");

export function writeChallenge(scheme: string, parameters: Record<string, string>): string {
  const written = Object.entries(parameters).map(([name, value]) => {
    if (/[\0-\x08\x0a-\x1f\x7f]/.test(value)) refuse(`${name} has a control character`);
    return `${name}="${value.replace(/["\\]/g, "\\$&")}"`;
  });
  return `${scheme} ${written.join(", ")}`;
}
