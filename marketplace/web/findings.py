"""What examinations find, in words: why a file is quarantined, what is wrong in it."""

from collections.abc import Mapping

from listings.marking import N_
from marketplace.web.unanswered import UNANSWERED

FINDINGS: Mapping[str, str] = {
    # ── quarantined ──
    "wrong_type": N_("The content is not what the file's name promises."),
    "program": N_("This is a program, not data."),
    "not_text": N_("This should be text, but it is not."),
    "empty": N_("The file is empty."),
    "encoding": N_("The text is neither UTF-8 nor GBK / GB 18030 nor Big5."),
    "truncated": N_("The file ends too early: it was cut off."),
    "broken": N_("The file is damaged or not in the format that its name promises."),
    "bomb": N_("It unpacks to far more than it should."),
    "too_large": N_("Examining it takes more memory than is permitted."),
    "too_slow": N_("Examining it takes too long."),
    "unexaminable": N_("The examination broke off; the content cannot be trusted."),
    "nested": N_("There is an archive in the archive; pack the files themselves."),
    "encrypted": N_("It is encrypted: nobody could examine it."),
    "unsafe_path": N_("A file in the archive would be unpacked somewhere else."),
    "link": N_("There is a link in the archive instead of a file."),
    "too_many_entries": N_("There are too many files in the archive."),
    "repeated_entry": N_("Two files in the archive have the same name."),
    "entities": N_("It declares entities or aliases, which could expand without end."),
    "too_many_columns": N_("There are more than 2,000 columns."),
    "not_json": N_("This is not JSON."),
    "not_yaml": N_("This is not YAML."),
    "not_a_number": N_("NaN and Infinity are not JSON."),
    "repeated_key": N_("An object has the same key twice."),
    "nesting": N_("The values are nested too deeply, or are too many."),
    "unsafe_type": N_("It has columns that would run code when they are read."),
    # ── wrong ──
    "ragged": N_("Rows have more or fewer fields than the heading."),
    "nameless_column": N_("A column has no name."),
    "repeated_column": N_("Two columns have the same name."),
    "no_heading": N_("The first row is no heading: it holds values."),
    "not_openapi": N_("The description breaks the OpenAPI standard."),
    "outside_reference": N_("It refers to another document, which is not followed."),
    # ── to be known ──
    "misfit": N_("Cells are not of the type of their column."),
    "duplicates": N_("Rows repeat an earlier row."),
    "personal_citizen": N_("Citizen identity numbers"),
    "personal_mobile": N_("Mobile telephone numbers"),
    "personal_card": N_("Bank card numbers"),
    "personal_email": N_("E-mail addresses of persons"),
    "personal_name": N_("Names of persons"),
    "personal_declared": N_("Of persons, as its vendor says"),
}
SEVERITIES: Mapping[str, str] = {
    "stop": N_("Quarantined"),
    "wrong": N_("To be corrected"),
    "advice": N_("To be known"),
}
STATES: Mapping[str, str] = {
    "queued": N_("Waits to be examined"),
    "examining": N_("Is being examined"),
    "done": N_("Examined"),
    "quarantined": N_("Quarantined"),
}
FETCHED: Mapping[str, str] = {
    "queued": N_("Waits to be fetched"),
    "fetching": N_("Is being fetched"),
    "done": N_("Fetched"),
    "failed": N_("Could not be fetched"),
    "cancelled": N_("Stopped by the vendor"),
}
TYPES: Mapping[str, str] = {
    "string": N_("text"),
    "integer": N_("whole number"),
    "number": N_("number"),
    "boolean": N_("yes or no"),
    "date": N_("day"),
    "datetime": N_("moment"),
    "month": N_("month"),
    "object": N_("nested"),
    "binary": N_("bytes"),
}
GRADES: Mapping[str, str] = {
    "none": N_("hardly"),
    "slight": N_("slightly"),
    "great": N_("greatly"),
}
UNREACHABLE: Mapping[str, str] = {
    "no_address": N_("This is no address of a service."),
    "scheme": N_("Only http and https are called."),
    "credentials": N_("An address that is tested carries no name or password."),
    "port": N_("Only the ports 80, 443, 8080 and 8443 are called."),
    "not_public": N_("The address leads to a machine that is not in public."),
    "unknown_name": N_("No machine has this name."),
    "no_answer": N_("Nothing that speaks HTTP answered in time."),
    "too_slow": N_("The answer took too long."),
    "too_many_redirects": N_("It leads from address to address without end."),
    "not_https": N_("Files are fetched by https only, redirects included."),
    "status": N_("The address does not answer with the file."),
    "encoded": N_("The answer is packed; give the file itself, a zip if need be."),
    "cut_off": N_("The connection broke before the file was complete."),
    "file_too_large": N_("The file is larger than the exchange takes."),
    "finalised": N_("The release became final meanwhile."),
    "invalid": N_("The release cannot take a file of this name any more."),
}
QUALITY: Mapping[str, Mapping[str, str]] = {
    "finding": {**FINDINGS, **UNREACHABLE, **UNANSWERED},
    "fetch": FETCHED,
    "severity": SEVERITIES,
    "examination": STATES,
    "type": TYPES,
    "grade": GRADES,
}
