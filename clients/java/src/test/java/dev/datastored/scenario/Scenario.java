package dev.datastored.scenario;

import com.google.gson.Gson;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Plays clients/scenario.json and prints the transcript, which is the same for all clients. */
public final class Scenario {
    private record File(List<Step> steps) {}

    private Scenario() {}

    /** Plays it. */
    public static void main(String[] arguments) throws Exception {
        File scenario;
        try (Reader reader = Files.newBufferedReader(Path.of(System.getenv("SCENARIO")))) {
            scenario = new Gson().fromJson(reader, File.class);
        }
        try (Steps steps = new Steps()) {
            for (Step step : scenario.steps()) {
                System.out.println("## " + step.step());
                steps.play(step);
            }
        }
    }
}
