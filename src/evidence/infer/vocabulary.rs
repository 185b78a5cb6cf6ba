//! Words that say the same in every database: of people, of trees, of copies, of identifying. Several languages; others fall through.

/// Hungarian notation: what the value is, before what it means.
pub const TYPE_MARKS: [&str; 14] = ["lng", "int", "str", "dtm", "cur", "bln", "txt", "dbl", "sng", "byt", "chr", "dat", "mem", "fld"];

/// Endings that old systems write into one word with what they end.
pub const ENDINGS: [&str; 18] =
    ["id", "key", "nbr", "nr", "no", "num", "cod", "code", "cd", "uuid", "fk", "pk", "ref", "nummer", "krzl", "krz", "kod", "name"];

/// Words of columns that refer to people, whoever they are called.
pub const PERSON_ROLES: [&str; 40] = [
    "manager",
    "boss",
    "supervisor",
    "rep",
    "agent",
    "author",
    "owner",
    "creator",
    "created",
    "modified",
    "updated",
    "approved",
    "assigned",
    "assignee",
    "reviewer",
    "approver",
    "teacher",
    "coach",
    "captain",
    "head",
    "lead",
    "leader",
    "contact",
    "seller",
    "buyer",
    "doctor",
    "mother",
    "father",
    "spouse",
    "husband",
    "wife",
    "leiter",
    "vorgesetzter",
    "jefe",
    "gerente",
    "chef",
    "responsable",
    "kierownik",
    "signed",
    "by",
];

pub const PEOPLE: [&str; 33] = [
    "employee",
    "staff",
    "user",
    "person",
    "people",
    "member",
    "worker",
    "personnel",
    "customer",
    "contact",
    "account",
    "player",
    "agent",
    "doctor",
    "teacher",
    "student",
    "patient",
    "mitarbeiter",
    "angestellter",
    "personal",
    "empleado",
    "empregado",
    "funcionario",
    "employe",
    "personne",
    "persona",
    "pessoa",
    "pracownik",
    "osoba",
    "kunde",
    "benutzer",
    "emp",
    "individual",
];

/// Words of columns that lead to another row of their own table.
pub const TREE_ROLES: [&str; 22] = [
    "parent",
    "reports",
    "report",
    "super",
    "superior",
    "predecessor",
    "previous",
    "prev",
    "next",
    "root",
    "ancestor",
    "manager",
    "boss",
    "supervisor",
    "mother",
    "father",
    "original",
    "padre",
    "eltern",
    "ober",
    "vorgesetzter",
    "pai",
];

pub const COPIES: [&str; 18] = [
    "old", "bak", "backup", "bkp", "tmp", "temp", "copy", "kopie", "copia", "copie", "save", "saved", "orig", "test", "alt", "bns", "neu",
    "new",
];

/// Of tables that count days.
pub const CALENDARS: [&str; 14] =
    ["date", "day", "calendar", "time", "dt", "dtm", "datum", "kalender", "fecha", "calendario", "data", "jour", "tag", "dato"];

/// Of columns that say of what kind something is, or in which table it stands.
pub const KINDS: [&str; 22] = [
    "type", "typ", "tipo", "kind", "art", "rodzaj", "class", "klasse", "clase", "classe", "klasa", "table", "tabelle", "tabla", "tabela",
    "tab", "model", "modell", "modelo", "entity", "object", "name",
];
