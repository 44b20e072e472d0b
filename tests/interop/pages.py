"""A browser, a screen reader's rules and the keyboard on the pages that people work with.

Usage: pages.py PROGRAM AXE [SCREENSHOTS]

Chromium (Debian packages chromium and chromium-driver) opens every page as every role in three languages;
axe-core (npm) holds each against WCAG 2.2 A and AA: no violation is let through. A nurse's morning is done
with the keyboard alone. SCREENSHOTS is a folder for pictures.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LANGUAGES = ["fi", "sv", "en"]
PAGES = {
    "clinician": ["/", "/worklist", "/worklist?for=confirm", "/drawn", "/resident"],
    "researcher": ["/", "/numbers"],
    "operator": ["/", "/operations", "/numbers"],
    "medical-lead": ["/", "/operations", "/numbers"],
    "data-protection-officer": ["/", "/audit"],
}


def browser():
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for word in ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1280,1000"]:
        options.add_argument(word)
    return webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))


class Visit:
    """One browser on the pages."""

    def __init__(self, address, axe, pictures):
        self.address, self.axe, self.pictures = address, axe, pictures
        self.driver = browser()
        self.n_pages = 0

    def goes(self, path):
        self.driver.get(self.address + path)

    def waits_for(self, what):
        # The old page may go while it is looked at.
        gone = [StaleElementReferenceException]
        return WebDriverWait(self.driver, 20, ignored_exceptions=gone).until(what)

    def focused(self):
        return self.driver.switch_to.active_element

    def presses(self, *keys):
        """Keys go to whatever has the focus."""
        for key in keys:
            self.focused().send_keys(key)

    def tabs_to(self, is_it):
        """Goes on with the tabulator until the focus is where it should be."""
        for _ in range(200):
            self.presses(Keys.TAB)
            if is_it(self.focused()):
                return self.focused()
        raise AssertionError("the keyboard does not get there")

    def is_accessible(self, name):
        self.driver.execute_script(self.axe)
        found = self.driver.execute_async_script(
            "const done = arguments[1];"
            "axe.run(document, {runOnly: arguments[0]}).then(done, e => done({error: String(e)}));",
            TAGS,
        )
        assert "error" not in found, (name, found)
        told = [
            (one["id"], one["help"], [node["html"][:160] for node in one["nodes"]])
            for one in found["violations"]
        ]
        assert not told, (name, told)
        assert found["passes"], f"{name}: nothing was looked at"
        self.n_pages += 1
        if self.pictures:
            full = self.driver.execute_script("return document.documentElement.scrollHeight")
            self.driver.set_window_size(1280, min(int(full) + 120, 6000))
            self.driver.save_screenshot(str(self.pictures / f"{name}.png"))
            self.driver.set_window_size(1280, 1000)

    def speaks(self, language):
        self.driver.find_element(By.CSS_SELECTOR, f"button[name=language][value={language}]").click()
        self.waits_for(
            lambda d: d.find_element(By.TAG_NAME, "html").get_attribute("lang") == language
        )

    def signs_in(self, role):
        self.driver.delete_all_cookies()
        self.goes("/sign-in")
        self.driver.find_element(By.ID, "name").send_keys("Maija Meikäläinen")
        Select(self.driver.find_element(By.ID, "role")).select_by_value(role)
        self.driver.find_element(By.CSS_SELECTOR, "main form button").click()
        self.waits_for(lambda d: d.current_url == self.address + "/")

    def signs_out(self):
        self.driver.find_element(By.CSS_SELECTOR, "form.signed-in button").click()


def every_page(visit):
    """Every page of every role in every language."""
    for language in LANGUAGES:
        visit.goes(f"/sign-in?language={language}")
        visit.is_accessible(f"sign-in-{language}")
    for role, paths in PAGES.items():
        visit.signs_in(role)
        for language in LANGUAGES:
            visit.speaks(language)
            for path in paths:
                if path == "/resident":
                    visit.goes("/worklist?for=confirm")
                    rows = visit.driver.find_elements(By.CSS_SELECTOR, "tbody th a")
                    path = rows[0].get_attribute("href").removeprefix(visit.address)
                visit.goes(path)
                heading = visit.driver.find_element(By.TAG_NAME, "h1").text
                assert heading, (role, path)
                name = path.split("?")[0].strip("/") or "start"
                visit.is_accessible(f"{role}-{name}-{language}")
        visit.goes("/nowhere")
        visit.is_accessible(f"{role}-nowhere")


def a_nurses_morning(visit):
    """With the keyboard alone: sign in, find whoever is to be confirmed, read, conclude."""
    visit.driver.delete_all_cookies()
    visit.goes("/sign-in?language=en")
    visit.tabs_to(lambda e: e.get_attribute("id") == "name").send_keys("Maija")
    visit.presses(Keys.TAB)
    visit.focused().send_keys("clinician")
    visit.tabs_to(lambda e: e.tag_name == "button" and e.text == "Sign in")
    visit.presses(Keys.ENTER)
    visit.waits_for(lambda d: d.current_url == visit.address + "/")
    first = visit.tabs_to(lambda e: True)
    assert first.text == "Skip to content", first.text
    visit.tabs_to(lambda e: e.text == "Worklist")
    visit.presses(Keys.ENTER)
    visit.waits_for(lambda d: "/worklist" in d.current_url)
    visit.tabs_to(lambda e: (e.get_attribute("href") or "").find("/resident?id=") > 0)
    visit.presses(Keys.ENTER)
    visit.waits_for(lambda d: "/resident?" in d.current_url)
    before = len(visit.driver.find_elements(By.CSS_SELECTOR, "section.task"))
    assert before, "something is to be done"
    visit.tabs_to(lambda e: e.get_attribute("name") == "conclusion")
    visit.focused().send_keys("ruled out")
    visit.tabs_to(lambda e: e.get_attribute("name") == "reason")
    visit.focused().send_keys("rang her, a new sample is taken")
    visit.tabs_to(lambda e: e.text == "Close the task")
    visit.presses(Keys.ENTER)
    visit.waits_for(lambda d: "done=closed" in d.current_url)
    after = len(visit.driver.find_elements(By.CSS_SELECTOR, "section.task"))
    assert after == before - 1, (before, after)
    said = visit.driver.find_element(By.CSS_SELECTOR, "[role=status]").text
    assert said == "The task is closed.", said
    visit.is_accessible("task-closed")


def writes_and_hands_over(visit):
    """With the keyboard alone: leave a note, correct it, hand the task over, find it where it should be."""
    visit.signs_in("clinician")
    visit.speaks("en")
    visit.goes("/worklist?for=look")
    visit.tabs_to(lambda e: (e.get_attribute("href") or "").find("/resident?id=") > 0)
    visit.presses(Keys.ENTER)
    visit.waits_for(lambda d: "/resident?" in d.current_url)
    resident = visit.driver.current_url
    notes = ["call after four <b>not before</b>", "call after five \u202ecba"]
    for n, text in enumerate(notes):
        visit.tabs_to(lambda e: e.get_attribute("id") == "note")
        visit.focused().send_keys(text)
        if n:
            visit.tabs_to(lambda e: e.get_attribute("id") == "corrects")
            visit.presses(Keys.ARROW_DOWN)
        visit.tabs_to(lambda e: e.text == "Write the note")
        visit.presses(Keys.ENTER)
        visit.waits_for(lambda d: "done=noted" in d.current_url and len(d.find_elements(By.CSS_SELECTOR, ".notes li")) == n + 1)
    said = [one.text for one in visit.driver.find_elements(By.CSS_SELECTOR, ".notes .written")]
    assert said == notes, said
    assert not visit.driver.find_elements(By.CSS_SELECTOR, ".notes b"), "marks are words"
    visit.is_accessible("notes")
    visit.goes(resident.removeprefix(visit.address))
    visit.tabs_to(lambda e: e.tag_name == "summary")
    visit.presses(Keys.ENTER)
    visit.tabs_to(lambda e: e.get_attribute("name") == "person")
    visit.focused().send_keys("Liisa Esimerkki")
    visit.tabs_to(lambda e: e.get_attribute("name") == "reason")
    visit.focused().send_keys("knows her")
    visit.tabs_to(lambda e: e.text == "Hand over")
    visit.presses(Keys.ENTER)
    visit.waits_for(lambda d: "done=handed-over" in d.current_url)
    visit.is_accessible("handed-over")
    # Whose it is, in the list; by the filter it is hers, and the address keeps the filter.
    visit.goes("/worklist")
    visit.tabs_to(lambda e: e.get_attribute("id") == "whose")
    visit.focused().send_keys("Liisa")
    visit.tabs_to(lambda e: e.text == "Show")
    visit.presses(Keys.ENTER)
    visit.waits_for(lambda d: "whose=person%3ALiisa" in d.current_url)
    rows = visit.driver.find_elements(By.CSS_SELECTOR, "tbody tr")
    assert len(rows) == 1 and "Liisa Esimerkki" in rows[0].text, [row.text for row in rows]
    visit.is_accessible("worklist-of-a-colleague")


def looks_through_the_drawn(visit):
    """With the keyboard alone: why somebody is there, hold two orders, undo it in one step."""
    for language in LANGUAGES:
        visit.signs_in("clinician")
        visit.speaks(language)
        visit.goes("/drawn")
        visit.is_accessible(f"drawn-{language}")
        visit.goes("/worklist?for=order-to-leave")
        visit.is_accessible(f"worklist-with-orders-{language}")
    visit.goes("/drawn")
    assert "by lot" in visit.driver.find_element(By.TAG_NAME, "main").text
    for _ in range(2):
        visit.tabs_to(lambda e: e.get_attribute("name") == "order" and not e.is_selected())
        visit.presses(Keys.SPACE)
    visit.tabs_to(lambda e: e.get_attribute("id") == "reason")
    visit.focused().send_keys("in hospital now")
    visit.tabs_to(lambda e: e.text == "Hold")
    visit.presses(Keys.ENTER)
    visit.waits_for(lambda d: "done=reviewed" in d.current_url)
    assert visit.driver.find_element(By.TAG_NAME, "main").text.count(": held") == 2
    visit.is_accessible("drawn-held")
    visit.tabs_to(lambda e: e.text == "Undo what was just said")
    visit.presses(Keys.ENTER)
    visit.waits_for(lambda d: "done=undone" in d.current_url)
    said = visit.driver.find_element(By.CSS_SELECTOR, "[role=status]").text
    assert said == "Undone; orders: 2.", said
    assert ": held" not in visit.driver.find_element(By.TAG_NAME, "main").text
    visit.is_accessible("drawn-undone")


def an_operators_stop(visit):
    """One page, one reason, and every page says that nothing leaves."""
    visit.signs_in("operator")
    visit.goes("/operations")
    visit.driver.find_element(By.ID, "reason").send_keys("wrong cut-off in force")
    visit.driver.find_element(By.CSS_SELECTOR, "button[value=stop]").click()
    visit.waits_for(lambda d: "done=stopped" in d.current_url)
    visit.is_accessible("operations-stopped")
    visit.signs_in("clinician")
    visit.speaks("fi")
    visit.goes("/worklist")
    assert "Kaikki lähtevä on pysäytetty." in visit.driver.page_source
    visit.is_accessible("worklist-stopped")
    visit.signs_in("operator")
    visit.goes("/operations")
    visit.driver.find_element(By.ID, "reason").send_keys("mended")
    visit.driver.find_element(By.CSS_SELECTOR, "button[value=resume]").click()
    visit.waits_for(lambda d: "done=resumed" in d.current_url)


def narrow(visit):
    """On a telephone, and at four times the size of letters, nothing has to be scrolled sideways."""
    visit.signs_in("clinician")
    visit.driver.set_window_size(500, 900)
    for path in ["/", "/worklist", "/drawn"]:
        visit.goes(path)
        wide, seen = visit.driver.execute_script(
            "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert wide <= seen, (path, wide, seen)
    visit.driver.set_window_size(1280, 1000)


# Orders that wait, since nobody answers where they go.
WAITING = """[site]
trial = true
today = 2025-01-20

[legal_basis]
reference = "trial without people"
valid_from = 2025-01-01
valid_until = 2025-12-31

[server.nobody]
base = "http://127.0.0.1:9/fhir"
source = "export"
requests_per_minute = 600
request_deadline_seconds = 1
settle_seconds = 2
longest_pause_seconds = 1

[channel.laboratory]
way = "service-request"
server = "nobody"

[sampled_negatives]
share = 0.5
approved_by = "Dr Test"
mode = "reviewed"

[web]
listen = "127.0.0.1:0"

[serve]
listen = "127.0.0.1:0"
"""


def orders_that_wait(program, folder):
    """The words that serve a data folder in which orders wait."""
    folder = Path(folder) / "waiting"
    folder.mkdir()
    config, data = str(folder / "preventio.toml"), str(folder / "data")
    Path(config).write_text(WAITING)
    out = str(folder / "out")
    for words in [
        ["standin", "export", "--residents", "600", "--seed", "1", "--out", out, "--as-of", "2025-01-15"],
        ["pull", "--from", out, "--data", data],
        ["run", "--data", data, "--index-date", "2025-01-20", "--act", "--config", config],
    ]:
        subprocess.run([program, *words], check=True, capture_output=True)
    return [program, "serve", "--dev", "--config", config, "--data", data]


def visited(words, axe, pictures, looks):
    """Serves pages, looks at them, and says how many were looked at."""
    served = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        address = None
        for line in served.stdout:
            if line.startswith("pages at "):
                address = line.removeprefix("pages at ").strip()
                break
        assert address, "it says where its pages are"
        visit = Visit(address, axe, pictures)
        try:
            for look in looks:
                look(visit)
            return visit.n_pages
        finally:
            visit.driver.quit()
    finally:
        served.terminate()
        served.wait(timeout=30)


def main():
    program, axe = sys.argv[1], Path(sys.argv[2]).read_text()
    pictures = Path(sys.argv[3]) if len(sys.argv) > 3 else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    folder = tempfile.mkdtemp()
    words = [program, "demo", "--residents", "800", "--seed", "1", "--out", f"{folder}/demo", "--serve=127.0.0.1:0"]
    demo = [every_page, a_nurses_morning, writes_and_hands_over, an_operators_stop, narrow]
    n_pages = visited(words, axe, pictures, demo)
    n_pages += visited(orders_that_wait(program, folder), axe, pictures, [looks_through_the_drawn])
    print(json.dumps({"pages": n_pages, "violations": 0}))


if __name__ == "__main__":
    main()
