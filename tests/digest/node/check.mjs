// Reads a mail and prints, as JSON, what another parser makes of it and what mail programs lack.
//
//     node check.mjs MAIL.eml
//
// `lacks` holds, for every feature of HTML and CSS that the mail uses inline, the mail programs
// that do not support it. The <style> element is left out: it holds the dark colours alone, and
// what stands in it stands inline as well.
import { readFileSync } from 'node:fs';
import PostalMime from 'postal-mime';
import { caniemail } from 'caniemail';

const mail = await PostalMime.parse(readFileSync(process.argv[2]));
const lacks = {};
if (mail.html) {
  const html = mail.html.replace(/<style[\s>][\s\S]*?<\/style>/g, '');
  const { issues } = caniemail({ clients: ['*'], html });
  for (const found of [issues.errors, issues.warnings]) {
    for (const [client, list] of found) {
      for (const { title, support } of list) {
        if (support === 'none') (lacks[title] ??= new Set()).add(client);
      }
    }
  }
}
const said = {
  subject: mail.subject,
  from: mail.from,
  to: mail.to,
  messageId: mail.messageId,
  references: mail.references ?? '',
  headers: mail.headers.map(({ key, value }) => [key, value]),
  text: mail.text,
  html: mail.html ?? null,
  lacks: Object.fromEntries(Object.entries(lacks).map(([k, v]) => [k, [...v].sort()])),
};
console.log(JSON.stringify(said));
